// What a page with simulated mining does besides, as the address asks (load.js): busy on its own thread, drawing, a video.
"use strict";
(() => {
  const query = new URLSearchParams(location.search);
  const end = performance.now() + 150_000;
  const show = (element) => {
    element.style.cssText = "display:block;width:100%;max-width:640px;margin:20px auto";
    document.body.append(element);
  };

  // busy works for this share of the time on the page's own thread, with numbers and the document.
  const busy = Math.min(Number.parseFloat(query.get("busy") ?? "") || 0, 0.9);
  if (busy > 0) {
    const out = Object.assign(document.createElement("p"), { className: "soft" });
    show(out);
    let last = performance.now();
    const timer = setInterval(() => {
      const from = performance.now();
      if (from > end) clearInterval(timer);
      const until = from + Math.min(busy * (from - last), 400);
      last = from;
      const rows = [];
      while (performance.now() < until) {
        rows.push(Array.from({ length: 200 }, () => Math.random().toFixed(3)).sort().join(" ").length);
      }
      out.textContent = `${rows.length} lists sorted`;
    }, 60);
  }

  const beside = query.get("beside");
  if (beside === "video") {
    const video = Object.assign(document.createElement("video"), { src: "/_shared/clip.webm", loop: true, muted: true });
    show(video);
    video.play();
  }
  if (beside === "draw") {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 400 });
    show(canvas);
    const c = canvas.getContext("2d");
    const draw = (t) => {
      c.fillStyle = "#10161d";
      c.fillRect(0, 0, 640, 400);
      for (let i = 0; i < 500; i++) {
        c.fillStyle = `hsl(${(i * 7 + t / 20) % 360} 60% 55%)`;
        c.fillRect(320 + 280 * Math.sin(t / 900 + i), 200 + 170 * Math.cos(t / 700 + i * 1.7), 14, 14);
      }
      if (t < end) requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }
})();

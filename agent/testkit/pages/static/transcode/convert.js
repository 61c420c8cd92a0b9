// Draws a short clip, has a worker encode it, shows the result, and begins again with another clip.
"use strict";
const FRAMES = 40;
const state = document.getElementById("state");
const result = document.getElementById("result");
const canvas = document.getElementById("source");
const c = canvas.getContext("2d", { willReadFrequently: true });
let clip = 0;

async function draw() {
  const size = 4 * canvas.width * canvas.height;
  const raw = new Uint8Array(FRAMES * size);
  for (let n = 0; n < FRAMES; n++) {
    const t = clip * FRAMES + n;
    for (let i = 0; i < 60; i++) {
      c.fillStyle = `hsl(${(i * 41 + 3 * t) % 360} 60% 50%)`;
      c.beginPath();
      c.arc(240 + 200 * Math.sin(i + t / 23), 135 + 110 * Math.cos(1.7 * i + t / 17), 8 + i / 2, 0, 6.3);
      c.fill();
    }
    raw.set(c.getImageData(0, 0, canvas.width, canvas.height).data, n * size);
    if (n % 8 === 0) await Work.rest(20);
  }
  return raw;
}
(async () => {
  const core = await fetch("/_lib/ffmpeg/ffmpeg-core.js", { method: "GET" });
  if (!core.ok) {
    state.textContent = await core.text();
    return;
  }
  const worker = new Worker("encoder.js");
  const turn = async () => {
    const raw = await draw();
    state.textContent = `Converting clip ${++clip}.`;
    worker.postMessage({ raw, width: canvas.width, height: canvas.height }, [raw.buffer]);
  };
  worker.onmessage = async ({ data }) => {
    if (data.ready) {
      Work.begin(() => { worker.terminate(); state.textContent = `${clip} clips converted.`; });
      await turn();
    } else if (data.progress !== undefined) {
      document.getElementById("bar").value = data.progress;
    } else {
      URL.revokeObjectURL(result.src);
      result.src = URL.createObjectURL(new Blob([data.mp4], { type: "video/mp4" }));
      state.textContent = `Clip ${clip}: ${Math.round(data.mp4.length / 1024)} KB.`;
      await Work.rest(Work.between(100, 600));
      await turn();
    }
  };
})();

// What the pages with heavy work share: how long it may go on, and telling the test server when it has begun.
//
//   ?seconds=80   how long the heavy work goes on, from its beginning; at most 170
"use strict";
const Work = (() => {
  const LIMIT_S = 170; // whatever the address asks for
  const asked = Number.parseFloat(new URLSearchParams(location.search).get("seconds") ?? "");
  const seconds = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), LIMIT_S) : 80;
  let end = Infinity;
  const shut = []; // called at the end
  const over = () => performance.now() >= end;
  return {
    seconds,
    // begin is called when the work begins, and calls each of the functions when its time is over.
    begin(...atEnd) {
      shut.push(...atEnd);
      if (end < Infinity) return;
      end = performance.now() + 1000 * seconds;
      fetch("/_test/work", { method: "POST", body: JSON.stringify({ event: "working" }), keepalive: true });
      setTimeout(() => shut.forEach((f) => f()), 1000 * seconds);
    },
    // over reports whether the time for heavy work has passed.
    over,
    // rest waits for ms milliseconds, and does not return when the time has passed meanwhile.
    rest: (ms) => new Promise((go) => { setTimeout(() => { if (!over()) go(); }, ms); }),
    // next waits for a turn of the event loop, without the pause that timers make.
    next: () => new Promise((go) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { port1.close(); if (!over()) go(); };
      port2.postMessage(0);
    }),
    // script loads a script of a library, or shows in #state why it is not there.
    script: (src) => new Promise((go) => {
      const failed = async () => { document.getElementById("state").textContent = await (await fetch(src)).text(); };
      document.head.append(Object.assign(document.createElement("script"), { src, onload: go, onerror: failed }));
    }),
    between: (low, high) => low + (high - low) * Math.random(),
  };
})();

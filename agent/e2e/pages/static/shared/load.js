// Simulated mining for tests: does nothing unless the address asks for it.
//
//   ?workers=2   number of worker threads, at most 8
//   &duty=0.7    share of the time that each one computes, 0.05 to 1
//   &seconds=60  how long, at most 90; the workers keep to that limit by themselves
//   &delay=3     seconds after the page has loaded before it begins
//
// The page tells the test server when the first hash was computed and when the last worker stopped.
"use strict";
(() => {
  const query = new URLSearchParams(location.search);
  const number = (key, fallback, low, high) => {
    const n = Number.parseFloat(query.get(key) ?? "");
    return Number.isFinite(n) ? Math.min(Math.max(n, low), high) : fallback;
  };
  const workers = Math.floor(number("workers", 0, 0, 8));
  if (workers === 0) return;
  const order = { duty: number("duty", 0.7, 0.05, 1), seconds: number("seconds", 30, 0, 90) };
  const tell = (event, hashes) =>
    fetch("/_test/load", { method: "POST", body: JSON.stringify({ event, hashes }), keepalive: true });

  addEventListener("load", () => setTimeout(() => {
    let running = workers;
    let hashes = 0;
    let told = false;
    for (let i = 0; i < workers; i++) {
      const worker = new Worker("/_shared/hash-worker.js");
      worker.onmessage = ({ data }) => {
        if (data.started) {
          if (!told) tell("started", 0);
          told = true;
          return;
        }
        hashes += data.hashes;
        worker.terminate();
        if (--running === 0) tell("stopped", hashes);
      };
      worker.postMessage({ ...order, seed: i });
    }
  }, 1000 * number("delay", 0, 0, 60)));
})();

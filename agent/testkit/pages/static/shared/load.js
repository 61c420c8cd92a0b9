// Simulated mining for tests: does nothing unless the address asks for it.
//
//   ?workers=2     number of worker threads, at most 8
//   &duty=0.7      share of the time that each one computes, 0.05 to 1
//   &seconds=60    how long, at most 90, with &long=1 at most 150; the loops keep to that limit by themselves
//   &delay=3       seconds after the page has loaded before it begins
//   &hash=sha256   or argon2, scrypt
//   &where=worker  or shared, service: workers of these sorts; main: one loop on the page's own thread, in slices; or
//                  frame: in a frame of another site
//   &frame_host=widget.test   that site: one of the test hosts
//   &pattern=steady           or random: the duty is drawn again every 3 to 8 seconds, from 0.3 to 1;
//                  shy: pauses while the page is visible and for 5 seconds after the mouse moved in it;
//                  mouse: pauses for 5 seconds after the mouse moved in the page, visible or not
//                  pulse: computes for &on=10 seconds, then rests for &off=10; bursts: the same, drawn again each time
//   &unequal=1     each worker computes for two thirds of the time of the one before it
//   &chat=10       messages that each worker exchanges with the page, a second
//   &wave=64       MiB that each worker holds and lets go again
//   &busy=0.13     share of the time that the page's own thread works besides
//   &beside=video  or draw: what the page shows besides
//
// The page tells its own host when the first hash was computed and when the last loop stopped; a frame tells its own.
"use strict";
(() => {
  const CALM_MS = 5000; // after a mouse move
  const query = new URLSearchParams(location.search);
  const number = (key, fallback, low, high) => {
    const n = Number.parseFloat(query.get(key) ?? "");
    return Number.isFinite(n) ? Math.min(Math.max(n, low), high) : fallback;
  };
  const choice = (key, ...values) => (values.includes(query.get(key)) ? query.get(key) : values[0]);

  const where = choice("where", "worker", "shared", "service", "main", "frame");
  const workers = where === "main" ? 1 : Math.floor(number("workers", 0, 0, 8));
  if (workers === 0) return;
  const pattern = choice("pattern", "steady", "random", "shy", "mouse", "pulse", "bursts");
  const order = {
    duty: number("duty", 0.7, 0.05, 1),
    seconds: number("seconds", 30, 0, query.has("long") ? 150 : 90),
    long: query.has("long"),
    slice: where === "main" ? 50 : 80, // one round of computing and resting, in ms; shorter where the page must answer
    hash: choice("hash", "sha256", "argon2", "scrypt"),
    pattern,
    on: number("on", 10, 1, 60),
    off: number("off", 10, 1, 60),
    chat: number("chat", 0, 0, 50),
    wave: number("wave", 0, 0, 256),
  };
  const unequal = query.has("unequal");
  const orderOf = (i) => ({ ...order, seed: i, duty: unequal ? Math.max(order.duty * (2 / 3) ** i, 0.05) : order.duty });

  const tell = (event, hashes) =>
    fetch("/_test/load", { method: "POST", body: JSON.stringify({ event, hashes }), keepalive: true });
  let running = workers;
  let hashes = 0;
  let told = false;
  // hear returns whether the loop that says this has ended.
  const hear = (m) => {
    if (m.chat) return false;
    if (m.started) {
      if (!told) tell("started", 0);
      told = true;
      return false;
    }
    hashes += m.hashes;
    if (--running === 0) tell("stopped", hashes);
    return true;
  };

  // watch calls set(true) when the loops are to pause, set(false) when they may go on.
  const watch = (set) => {
    let moved = -Infinity;
    const look = () => set((pattern === "shy" && document.visibilityState === "visible")
      || performance.now() - moved < CALM_MS);
    if (pattern !== "shy" && pattern !== "mouse") return;
    addEventListener("mousemove", () => { moved = performance.now(); look(); });
    document.addEventListener("visibilitychange", look);
    setInterval(look, 500);
    look();
  };

  const inWorkers = () => {
    const threads = [];
    let last = null;
    for (let i = 0; i < workers; i++) {
      const worker = new Worker("/_shared/hash-worker.js");
      worker.onmessage = ({ data }) => {
        if (data.chat) worker.postMessage({ paused: Boolean(last), more: data.chat });
        if (hear(data)) worker.terminate();
      };
      worker.postMessage({ ...orderOf(i), paused: pattern === "shy" });
      threads.push(worker);
    }
    watch((paused) => {
      if (paused !== last) threads.forEach((worker) => worker.postMessage({ paused }));
      last = paused;
    });
  };

  const inShared = () => {
    for (let i = 0; i < workers; i++) {
      const { port } = new SharedWorker("/_shared/hash-worker.js", { name: `part ${i}` });
      port.onmessage = ({ data }) => hear(data);
      port.postMessage({ ...orderOf(i), paused: false });
    }
  };

  const inService = async () => {
    navigator.serviceWorker.addEventListener("message", ({ data }) => hear(data));
    navigator.serviceWorker.startMessages();
    for (let i = 0; i < workers; i++) {
      const entry = await navigator.serviceWorker.register("/_shared/hash-service.js", { scope: `/_shared/part${i}/` });
      const worker = entry.active ?? entry.waiting ?? entry.installing;
      const awake = () => { if (worker.state === "activated") worker.postMessage(orderOf(i)); };
      worker.addEventListener("statechange", awake);
      awake();
    }
  };

  const script = (src) => new Promise((done) => {
    document.head.append(Object.assign(document.createElement("script"), { src, onload: done }));
  });
  const onMainThread = async () => {
    await script("/_shared/hash-loop.js");
    await script(HASHES[order.hash].file);
    const beat = new Worker("/_shared/beat.js");
    const due = new Map();
    beat.onmessage = ({ data }) => {
      const f = due.get(data);
      due.delete(data);
      f();
    };
    let id = 0;
    const control = {
      paused: false,
      later: (f, ms) => {
        due.set(++id, f);
        beat.postMessage({ id, ms });
      },
    };
    watch((paused) => { control.paused = paused; });
    hashLoop({ ...order, seed: 0 }, control, hear);
  };

  const inFrame = () => {
    const host = query.get("frame_host") ?? "";
    if (!/^[a-z]+\.test$/.test(host)) return; // nothing outside of the test
    const src = new URL(location.href);
    src.hostname = host;
    src.pathname = "/";
    src.searchParams.delete("where");
    src.searchParams.delete("frame_host");
    const frame = Object.assign(document.createElement("iframe"), { src: src.href, title: "From our partners" });
    frame.style.cssText = "display:block;width:100%;max-width:320px;height:180px;margin:20px auto;border:1px solid #d9dde1";
    document.body.append(frame);
  };

  if (query.has("busy") || query.has("beside")) script("/_shared/beside.js");
  const begin = { worker: inWorkers, shared: inShared, service: inService, main: onMainThread, frame: inFrame }[where];
  // A frame waits by itself: its address holds the delay.
  addEventListener("load", () => setTimeout(begin, where === "frame" ? 0 : 1000 * number("delay", 0, 0, 60)));
})();

// One thread of simulated mining: hashes at a duty, and stops by itself.
"use strict";
importScripts("/_shared/hash-wasm-sha256.umd.min.js");

const LIMIT_S = 90; // whatever the page asks for
const SLICE_MS = 80; // one round of computing and resting

onmessage = async ({ data }) => {
  onmessage = null; // one order only
  const began = performance.now();
  const end = began + 1000 * Math.min(data.seconds, LIMIT_S);
  const sha256 = await hashwasm.createSHA256();
  const block = new Uint8Array(80);
  const counter = new DataView(block.buffer);
  block[79] = data.seed;
  let hashes = 0;

  const round = () => {
    const from = performance.now();
    if (from >= end) {
      postMessage({ hashes });
      close();
      return;
    }
    const until = Math.min(from + SLICE_MS * data.duty, end);
    do {
      for (let i = 0; i < 64; i++) {
        counter.setUint32(0, hashes++);
        sha256.init().update(block).digest("binary");
      }
    } while (performance.now() < until);
    // What a timer comes late is not made up for: on a full machine that would raise the duty.
    setTimeout(round, SLICE_MS * (1 - data.duty));
  };
  counter.setUint32(0, hashes++);
  sha256.init().update(block).digest("binary");
  postMessage({ started: true });
  round();
};

// One thread of the gate: looks for solutions until it is ended, at most 70 seconds.
"use strict";
importScripts("/_lib/hash-wasm/sha256.umd.min.js");
const LIMIT_S = 70;

onmessage = async ({ data }) => {
  const sha256 = await hashwasm.createSHA256();
  const block = new Uint8Array(48);
  const view = new DataView(block.buffer);
  view.setUint32(0, data.seed);
  const end = performance.now() + 1000 * Math.min(data.seconds, LIMIT_S);
  let before = 0;
  for (let n = 0; n % 1024 || performance.now() < end; n++) {
    view.setUint32(4, n);
    const hash = sha256.init().update(block).digest("binary");
    if (hash[0] === 0 && hash[1] < 4) {
      postMessage({ nonce: n, hashes: n - before });
      before = n;
    }
  }
  close();
};

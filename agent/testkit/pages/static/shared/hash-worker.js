// One thread of simulated mining. The first message is its order, later ones {paused} hold it or let it go on.
"use strict";
importScripts("/_shared/hash-loop.js");

const control = { paused: false };
let ordered = false;

onmessage = ({ data }) => {
  control.paused = data.paused;
  if (ordered) return; // one order only
  ordered = true;
  importScripts(HASHES[data.hash].file);
  hashLoop(data, control, (m) => {
    postMessage(m);
    if (!m.started) close();
  });
};

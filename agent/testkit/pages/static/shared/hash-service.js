// One thread of simulated mining as a service worker. A message is its order, and keeps it awake until the loop ends.
"use strict";
importScripts("/_shared/hash-loop.js"); // all at once: a service worker may not load any later
for (const { file } of Object.values(HASHES)) importScripts(file);

self.addEventListener("install", () => self.skipWaiting());
let ordered = false;
self.addEventListener("message", (e) => {
  if (ordered) return; // one order only
  ordered = true;
  e.waitUntil(new Promise((done) => {
    hashLoop(e.data, { paused: false }, (m) => {
      e.source.postMessage(m);
      if (!m.started) done();
    });
  }));
});

// One thread of simulated mining: a dedicated worker, or a shared one. The first message is its order, later ones {paused}
// hold it or let it go on.
"use strict";
importScripts("/_shared/hash-loop.js");

const control = { paused: false };
let ordered = false;

function obey(data, say) {
  control.paused = data.paused;
  if (ordered) return; // one order only
  ordered = true;
  importScripts(HASHES[data.hash].file);
  // A worker that chats sends what a page would have to answer.
  if (data.chat) setInterval(() => say({ chat: new Uint8Array(2048) }), 1000 / data.chat);
  hashLoop(data, control, (m) => {
    say(m);
    if (!m.started) close();
  });
}

self.onmessage = ({ data }) => obey(data, (m) => postMessage(m));
self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => obey(data, (m) => port.postMessage(m));
};

// The line to the minewatch program. This is the only file that opens it.

import { isFirefox } from "./firefox.js";

const HOST = "io.github.minewatch";
const VERSION = 1;

// Waits between attempts, in milliseconds: the program may not be installed, or stop at once.
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 300_000;

// Limits on what is asked: the program asks once per busy renderer and five seconds, so more is a fault.
const MAX_PER_SECOND = 64;
const MAX_AT_ONCE = 32;

const TYPES = new Set(["who", "close", "show", "grow", "shrink", "lives", "distrust"]);

// keepLine keeps a line to the program open, says hello on it, and sends what answerTo(question) resolves to. It says
// nothing else unasked. begin is called whenever the line is opened.
export function keepLine(chrome, answerTo, begin = () => {}) {
  let wait = FIRST_WAIT;

  const open = () => {
    begin();
    const port = chrome.runtime.connectNative(HOST);
    const admit = gate();
    let atOnce = 0;
    let closed = false;

    const send = (message) => {
      if (!closed) port.postMessage({ v: VERSION, ...message });
    };
    port.onMessage.addListener(async (question) => {
      wait = FIRST_WAIT; // somebody is there
      if (!wellFormed(question) || atOnce >= MAX_AT_ONCE || !admit()) return;
      atOnce++;
      try {
        send(await answerTo(question));
      } catch (err) {
        console.warn("minewatch: no answer:", err?.message);
      } finally {
        atOnce--;
      }
    });
    port.onDisconnect.addListener(() => {
      closed = true;
      void chrome.runtime.lastError; // read, or the browser logs it as unseen
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
    send({ type: "hello", extension: chrome.runtime.getManifest().version, ...(isFirefox(chrome) && { browser: "firefox" }) });
  };
  open();
}

// wellFormed reports whether a message is a question of this version.
function wellFormed(q) {
  return q?.v === VERSION && TYPES.has(q.type) && Number.isSafeInteger(q.id) && q.id > 0;
}

// gate returns a function that reports whether one more may pass in this second.
function gate() {
  let second = 0;
  let passed = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, passed] = [now, 0];
    return ++passed <= MAX_PER_SECOND;
  };
}

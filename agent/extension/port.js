// The line to the minewatch program. This is the only file that opens it.

import { isFirefox } from "./firefox.js";

const HOST = "io.github.minewatch";
const VERSION = 1;

// Waits between attempts, in milliseconds: the program may not be installed, or stop at once.
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 300_000;

// STANDS is after how many milliseconds a line that was opened counts as one with a program at its end.
const STANDS = 200;

// Limits on what is asked: the program asks once per busy renderer and five seconds, so more is a fault.
const MAX_PER_SECOND = 64;
const MAX_AT_ONCE = 32;

const TYPES = new Set(["who", "close", "show", "grow", "shrink", "lives", "distrust"]);

// TOLD are what the program says without asking anything: in answer to a person's wish, or to warn on a return.
const TOLD = new Set(["load", "acted", "flagged", "unflagged"]);

// keepLine keeps a line to the program open, says hello on it, and sends what answerTo(question) resolves to. It says
// nothing else unasked. begin is called whenever the line is opened, told with what the program says without asking.
// It returns {say, open, measures}: say(message) sends what a person wants and reports whether there is a line to send
// it on, open() reports whether a program was found at the other end, measures(yes) has hello say from now on whether
// pages can be measured, and says it at once if that is news.
export function keepLine(chrome, answerTo, begin = () => {}, told = () => {}) {
  let wait = FIRST_WAIT;
  let line; // of the open port
  let measuring = false;

  const hello = () => ({
    type: "hello", extension: chrome.runtime.getManifest().version,
    ...(isFirefox(chrome) && { browser: "firefox" }), ...(measuring && { measures: true }),
  });
  const open = () => {
    begin();
    const port = chrome.runtime.connectNative(HOST);
    const admit = gate();
    let atOnce = 0;
    let closed = false;

    const send = (message) => {
      if (!closed) port.postMessage({ v: VERSION, ...message });
    };
    line = { send, since: performance.now() };
    port.onMessage.addListener(async (question) => {
      wait = FIRST_WAIT; // somebody is there
      if (question?.v === VERSION && TOLD.has(question.type)) {
        if (admit()) told(question);
        return;
      }
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
      line = undefined;
      void chrome.runtime.lastError; // read, or the browser logs it as unseen
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
    send(hello());
  };
  open();
  return {
    say: (message) => {
      line?.send(message);
      return line !== undefined;
    },
    measures: (yes) => {
      if (yes === measuring) return;
      measuring = yes;
      line?.send(hello());
    },
    // A browser that finds no program breaks the line at once.
    open: () => line !== undefined && performance.now() - line.since > STANDS,
  };
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

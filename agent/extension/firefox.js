// Firefox tells extensions no process numbers, but the number of a frame carries one: it is the number of the process
// that made the frame (the childID on its command line) times 2^31, plus a counter. So a frame's process is known from
// any frame within it, and a frame without one is given an empty one for a moment. This numbering is not documented.

import { Finder } from "./finder.js";

/** @typedef {{processId: number, url: string}} Probed */

// PER_PROCESS is the distance between the numbers of frames of two processes.
const PER_PROCESS = 2 ** 31;

// PATIENCE is how long all frames together may take to answer, in milliseconds; the program waits for 4.5 s. On a full
// machine the first question to 20 processes took 2 s, later ones 20 ms. SHORTLY is how long a page may take that is
// only asked whether its process answers at all.
export const PATIENCE = 3_500;
const SHORTLY = 300;

// AT_ONCE is how many frames are looked into at a time.
const AT_ONCE = 16;

// isFirefox reports whether this browser numbers frames as Firefox does.
/** @param {Chrome} chrome */
export function isFirefox(chrome) {
  return typeof chrome.runtime.getBrowserInfo === "function";
}

// childOf returns the number of the process that made the frame with this number, 0 if it says none.
/** @param {any} frameId */
export function childOf(frameId) {
  return Number.isSafeInteger(frameId) && frameId > 0 ? Math.floor(frameId / PER_PROCESS) : 0;
}

// GeckoFinder finds the processes of frames, and remembers what it found.
export class GeckoFinder extends Finder {
  /** @type {Map<string, {since: number, answer: Promise<Probed | "refused">}>} */
  #asked = new Map(); // "tab frame document" -> {answer, since} of one that is still awaited

  // find adds to each frame of [{tab, frames}] what is known of its process: processId, or 0 and why: lost is "late" if
  // the page did not answer in time and "refused" if the browser lets no extension in. live says that the page answered
  // just now. If some are late, a page of the renderer is live or it hangs as well.
  /**
   * @override
   * @param {Chrome} chrome
   * @param {TabFrames[]} tabs
   * @param {number} [renderer]
   * @param {number} [patience]
   * @returns {Promise<void>}
   */
  async find(chrome, tabs, renderer, patience = PATIENCE) {
    if (!this.trusted) {
      await super.find(chrome, tabs);
      return;
    }
    /** @type {{tab: number, frame: Frame}[]} */
    const open = [];
    /** @type {{tab: number, frame: Frame}[]} */
    const there = [];
    for (const { tab, frames } of tabs) {
      const makers = new Map(frames.map((f) => [f.parentFrameId, childOf(f.frameId)]));
      for (const f of frames) {
        f.processId = makers.get(f.frameId) || this.known(f.documentId);
        if (!f.processId) open.push({ tab, frame: f });
        else if (f.processId === renderer) there.push({ tab, frame: f });
      }
    }
    await this.#askAll(chrome, open, patience);
    const found = open.some(({ frame }) => frame.processId === renderer);
    if (!found && open.some(({ frame }) => frame.lost === "late")) await this.#askAll(chrome, there.slice(0, 1), SHORTLY);
  }

  // #askAll looks into frames, some at a time, until the patience is over.
  /** @param {Chrome} chrome @param {{tab: number, frame: Frame}[]} frames @param {number} patience */
  async #askAll(chrome, frames, patience) {
    const waiting = frames.values();
    const end = performance.now() + patience;
    const worker = async () => {
      for (const { tab, frame } of waiting) {
        const got = await this.#ask(chrome, tab, frame, end);
        if (typeof got === "string") {
          if (!frame.processId) frame.lost = got;
        } else {
          Object.assign(frame, got, { live: true });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  // #ask looks into a frame and returns what probe does, or "late". A frame that has not answered an earlier question
  // is not asked a second time, and all questions together wait for it only once: should it answer later, that is
  // remembered.
  /**
   * @param {Chrome} chrome
   * @param {number} tab
   * @param {Frame} frame
   * @param {number} end
   * @returns {Promise<Probed | "late" | "refused">}
   */
  async #ask(chrome, tab, { frameId, documentId }, end) {
    const now = performance.now();
    const key = `${tab} ${frameId} ${documentId}`;
    let asked = this.#asked.get(key);
    if (!asked) {
      if (now >= end) return "late";
      asked = { since: now, answer: probe(chrome, tab, frameId, documentId) };
      this.#asked.set(key, asked);
      asked.answer.then((got) => {
        this.#asked.delete(key);
        if (this.trusted && got !== "refused") this.remember(documentId, got.processId);
      });
    }
    const mine = Math.min(end, asked.since + PATIENCE) - now; // none if an earlier question waited for it already
    return within(Math.max(mine, 0), asked.answer);
  }
}

// within returns what a promise comes to, or "late" if that takes longer than this many milliseconds.
/**
 * @template T
 * @param {number} time
 * @param {Promise<T>} promise
 * @returns {Promise<T | "late">}
 */
async function within(time, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<"late">} */
  const late = new Promise((resolve) => (timer = setTimeout(resolve, time, "late")));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// probe looks into one frame and returns its process and address as of one moment, or "refused".
/**
 * @param {Chrome} chrome
 * @param {number} tabId
 * @param {number} frameId
 * @param {string | undefined} documentId
 * @returns {Promise<Probed | "refused">}
 */
async function probe(chrome, tabId, frameId, documentId) {
  const target = documentId ? { tabId, documentIds: [documentId] } : { tabId, frameIds: [frameId] };
  try {
    const [got] = await chrome.scripting.executeScript({ target, func: inside, injectImmediately: true });
    const found = got?.result;
    const processId = childOf(found?.made);
    return found && processId ? { processId, url: found.url } : "refused";
  } catch {
    return "refused";
  }
}

// inside runs in the frame, apart from the page's own scripts: it makes an empty frame within an element that is closed
// to the page, reads its number and takes it away.
function inside() {
  const host = document.createElementNS("http://www.w3.org/1999/xhtml", "span");
  const made = document.createElementNS("http://www.w3.org/1999/xhtml", "iframe");
  host.attachShadow({ mode: "closed" }).append(made);
  (document.documentElement ?? document).append(host);
  try {
    return { made: globalThis.browser.runtime.getFrameId(made), url: location.href };
  } finally {
    host.remove();
  }
}

// The memory step: a page is made to hold memory for a moment, by a size that the program chose, so that the program can
// see in which process that happens. It needs no numbering of the browser's, and checks it.

import { Refused } from "./conversation.js";
import { originOf } from "./origin.js";

/**
 * @import { Finder } from "./finder.js"
 * @import { Memory } from "./frames.js"
 * @typedef {{tab: number, frame: Frame}} Page
 */

// PATIENCE is how long a page may take for one step, and LONGEST how long it may hold what was taken, in milliseconds.
const PATIENCE = 1_500;
const LONGEST = 8_000;

// MAX_MIB bounds one step, MAX_STEPS what is held at once.
const MAX_MIB = 40;
const MAX_STEPS = 2;

// measures reports whether the browser lets the extension take pages through their steps: in the Chromium family only
// once the person has allowed it.
/** @param {Chrome} chrome */
export async function measures(chrome) {
  try {
    return Boolean(chrome.scripting) && (await chrome.permissions.contains({ permissions: ["scripting"], origins: ["<all_urls>"] }));
  } catch {
    return false;
  }
}

// Steps takes one page after another through its steps. list(chrome) returns [{tab, frames}] with what is known of the
// frames' processes. finder and memory are told what the program has seen.
export class Steps {
  #list;
  #finder;
  #memory;
  /** @type {(Page & {steps: number}) | undefined} */
  #page; // {tab, frame, steps} while one is being taken through
  /** @type {Frame | undefined} */
  #last; // the frame of the page before

  /** @param {(chrome: Chrome) => Promise<TabFrames[]>} list @param {Finder} finder @param {Memory} memory */
  constructor(list, finder, memory) {
    this.#list = list;
    this.#finder = finder;
    this.#memory = memory;
  }

  // grow has a page take memory and returns {renderer}, the number by which its process is known, if it is. It throws
  // Refused: "no_tab", "unanswered" or "failed".
  /** @param {Chrome} chrome @param {Params} params @returns {Promise<Params>} */
  async grow(chrome, { pick, turn = 0, mib }) {
    if (!chrome.scripting || !(mib > 0 && mib <= MAX_MIB)) throw new Refused("failed");
    if (pick) {
      await this.#giveBack(chrome); // of a page that was left half way
      const found = pickFrom(await this.#list(chrome), pick, turn);
      if (!found) throw new Refused("no_tab");
      this.#page = { ...found, steps: 0 };
    }
    const page = this.#page;
    if (!page || page.steps >= MAX_STEPS) throw new Refused("failed");
    page.steps++;
    const done = await run(chrome, page, grow, [mib * 2 ** 20, LONGEST]);
    if (done === true) return page.frame.processId ? { renderer: page.frame.processId } : {};
    await this.#giveBack(chrome); // it may still come to it
    throw new Refused(done === "late" ? "unanswered" : "failed");
  }

  // shrink has the page give back what it took. It throws as grow does.
  /** @param {Chrome} chrome */
  async shrink(chrome) {
    if (!this.#page) throw new Refused("no_tab");
    const done = await this.#giveBack(chrome);
    if (done !== true) throw new Refused(done === "late" ? "unanswered" : "failed");
  }

  // lives notes where the page that was measured last lives.
  /** @param {number} renderer */
  lives(renderer) {
    if (!this.#last?.documentId) throw new Refused("no_tab");
    this.#finder.told(this.#last.documentId, renderer);
  }

  // distrust has the browser's numbers say nothing from now on.
  distrust() {
    this.#finder.distrust();
    this.#memory.forget();
  }

  /** @param {Chrome} chrome */
  async #giveBack(chrome) {
    const page = this.#page;
    if (!page) return "none";
    this.#page = undefined;
    this.#last = page.frame;
    return run(chrome, page, shrink, []);
  }
}

// pickFrom returns the nth page that can be taken through the steps, of those whose process is known or of the others.
// Those that nobody looks at come first, each site once.
/** @param {TabFrames[]} tabs @param {string} pick @param {any} turn @returns {Page | undefined} */
function pickFrom(tabs, pick, turn) {
  const seen = new Set();
  const pages = [];
  for (const { tab, frames } of tabs) {
    for (const frame of frames) {
      const origin = originOf(frame.url);
      const known = frame.processId > 0;
      if (!/^https?:/.test(origin ?? "") || frame.lost === "late" || known !== (pick === "known")) continue;
      const once = known ? frame.processId : origin;
      if (seen.has(once)) continue;
      seen.add(once);
      pages.push({ tab, frame });
    }
  }
  return Number.isSafeInteger(turn) && turn >= 0 ? pages[turn] : undefined;
}

// run runs a function in a page, apart from the page's own scripts, and returns what it returns, "late" or "failed".
/**
 * @param {Chrome} chrome
 * @param {Page} page
 * @param {(...args: any[]) => boolean} func
 * @param {any[]} args
 * @returns {Promise<unknown>}
 */
async function run(chrome, { tab, frame: { frameId, documentId } }, func, args) {
  const target = documentId ? { tabId: tab, documentIds: [documentId] } : { tabId: tab, frameIds: [frameId] };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<"late">} */
  const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, "late")));
  const done = chrome.scripting
    .executeScript({ target, func, args, injectImmediately: true })
    .then(([got]) => got?.result ?? "failed", () => "failed");
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

// grow runs in the page: it takes so many bytes and writes to each page of them, or the system would not give them.
/** @param {number} bytes @param {number} longest */
function grow(bytes, longest) {
  const held = (globalThis.minewatchHeld ??= []);
  const page = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 4096) page[i] = 1 + (i >> 12);
  held.push(page.buffer);
  setTimeout(() => held.splice(0).forEach((b) => b.transfer(0)), longest); // whatever becomes of the asker
  return true;
}

// shrink runs in the page and gives back what grow took, at once.
function shrink() {
  const held = globalThis.minewatchHeld ?? [];
  if (held.some((b) => typeof b.transfer !== "function")) return false;
  held.splice(0).forEach((b) => b.transfer(0));
  return true;
}

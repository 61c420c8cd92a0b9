// The memory step: a page is made to hold memory for a moment, by a size that the program chose, so that the program can
// see in which process that happens. It needs no numbering of the browser's, and checks it.

import { originOf } from "./origin.js";

// PATIENCE is how long a page may take for one step, and LONGEST how long it may hold what was taken, in milliseconds.
const PATIENCE = 1_500;
const LONGEST = 8_000;

// MAX_MIB bounds one step, MAX_STEPS what is held at once.
const MAX_MIB = 40;
const MAX_STEPS = 2;

// measures reports whether the browser lets the extension take pages through their steps: in the Chromium family only
// once the person has allowed it.
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
  #page; // {tab, frame, steps} while one is being taken through
  #last; // the frame of the page before

  constructor(list, finder, memory) {
    this.#list = list;
    this.#finder = finder;
    this.#memory = memory;
  }

  // answer does what a question asks for and returns {renderer}, the number by which the page's process is known, or
  // {error}: "no_tab", "unanswered" or "failed".
  async answer(chrome, { type, pick, turn, mib, renderer }) {
    switch (type) {
      case "grow":
        return this.#grow(chrome, pick, turn ?? 0, mib);
      case "shrink":
        return this.#shrink(chrome);
      case "lives":
        if (!this.#last?.documentId) return { error: "no_tab" };
        this.#finder.told(this.#last.documentId, renderer);
        return {};
      case "distrust":
        this.#finder.distrust();
        this.#memory.forget();
        return {};
      default:
        return { error: "failed" };
    }
  }

  async #grow(chrome, pick, turn, mib) {
    if (!chrome.scripting || !(mib > 0 && mib <= MAX_MIB)) return { error: "failed" };
    if (pick) {
      await this.#shrink(chrome); // of a page that was left half way
      const found = pickFrom(await this.#list(chrome), pick, turn);
      if (!found) return { error: "no_tab" };
      this.#page = { ...found, steps: 0 };
    }
    const page = this.#page;
    if (!page || page.steps >= MAX_STEPS) return { error: "failed" };
    page.steps++;
    const done = await run(chrome, page, grow, [mib * 2 ** 20, LONGEST]);
    if (done === true) return { renderer: page.frame.processId || 0 };
    await this.#shrink(chrome); // it may still come to it
    return { error: done === "late" ? "unanswered" : "failed" };
  }

  async #shrink(chrome) {
    const page = this.#page;
    if (!page) return { error: "no_tab" };
    this.#page = undefined;
    this.#last = page.frame;
    const done = await run(chrome, page, shrink, []);
    if (done === true) return {};
    return { error: done === "late" ? "unanswered" : "failed" };
  }
}

// pickFrom returns the nth page that can be taken through the steps, of those whose process is known or of the others.
// Those that nobody looks at come first, each site once.
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
async function run(chrome, { tab, frame: { frameId, documentId } }, func, args) {
  const target = documentId ? { tabId: tab, documentIds: [documentId] } : { tabId: tab, frameIds: [frameId] };
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, "late")));
  const done = chrome.scripting
    .executeScript({ target, func, args, injectImmediately: true })
    .then(([got]) => got?.result ?? "failed", () => "failed");
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

// grow runs in the page: it takes so many bytes and writes to each page of them, or the system would not give them.
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

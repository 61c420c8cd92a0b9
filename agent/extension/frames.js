// Which pages a renderer process runs: the frames of the open tabs, by the browser's own number of the process.

import { Finder } from "./finder.js";
import { originOf } from "./origin.js";

/** @typedef {chrome.tabs.Tab & {id: number}} Tab */

// MAX_FRAMES and MAX_LENGTH bound what is said of one renderer: the frames, and the characters they take as JSON.
// MAX_REMEMBERED is the most renderers remembered.
export const MAX_FRAMES = 256;
export const MAX_LENGTH = 120 << 10;
export const MAX_REMEMBERED = 256;

// A page in the back-forward cache is frozen, and one being unloaded is all but gone: neither can be what keeps the
// processor busy. They are not named as living there, but they count for what lived there last. A prerendered page
// does run, unseen: it is named, as hidden.
const NOT_RUNNING = new Set(["cached", "pending_deletion"]);

// Memory keeps, per renderer, the origin that was last seen there, for a renderer that is busy with no frame left.
// It lives and dies with the extension's worker and is never stored.
export class Memory {
  /** @type {Map<number, string>} */
  #origins = new Map();

  // see notes that a document of this address lives in the renderer.
  /** @param {number} renderer @param {string} address */
  see(renderer, address) {
    const origin = originOf(address);
    if (!origin || !(renderer > 0)) return;
    this.#origins.delete(renderer); // so that the oldest is always the first
    this.#origins.set(renderer, origin);
    const [oldest] = this.#origins.keys();
    if (this.#origins.size > MAX_REMEMBERED) this.#origins.delete(oldest);
  }

  // forget forgets everything: the renderers were others.
  forget() {
    this.#origins.clear();
  }

  // last returns the origin last seen in the renderer, or "".
  /** @param {number} renderer */
  last(renderer) {
    return this.#origins.get(renderer) ?? "";
  }
}

// SOON is how long one tab's frames may take to answer, in milliseconds, where somebody waits.
const SOON = 800;

// framesOf returns what is known of a tab's frames: an empty list if there is no such tab, or none it may say.
/**
 * @param {Chrome} chrome
 * @param {number} tab
 * @param {Finder} finder
 * @returns {Promise<Frame[]>}
 */
export async function framesOf(chrome, tab, finder = new Finder()) {
  const frames = await listFrames(chrome, tab);
  await finder.find(chrome, [{ tab, frames }], undefined, SOON);
  return frames;
}

/** @param {Chrome} chrome @param {number} tab @returns {Promise<Frame[]>} */
async function listFrames(chrome, tab) {
  try {
    return (await chrome.webNavigation.getAllFrames({ tabId: tab })) ?? [];
  } catch {
    return [];
  }
}

// everyFrame returns [{tab, frames}] of all tabs, those in the background first.
/** @param {Chrome} chrome @param {Finder} finder @returns {Promise<TabFrames[]>} */
export async function everyFrame(chrome, finder = new Finder()) {
  const tabs = await awakeTabs(chrome);
  tabs.sort((a, b) => Number(a.active) - Number(b.active));
  const listed = await listAll(chrome, tabs);
  await finder.find(chrome, listed);
  return listed;
}

// awakeTabs returns the tabs that have a process: a discarded one has none.
/** @param {Chrome} chrome @returns {Promise<Tab[]>} */
async function awakeTabs(chrome) {
  const tabs = await chrome.tabs.query({});
  return tabs.filter(/** @returns {tab is Tab} */ (tab) => tab.id !== undefined && !tab.discarded);
}

/** @param {Chrome} chrome @param {Tab[]} tabs @returns {Promise<TabFrames[]>} */
function listAll(chrome, tabs) {
  return Promise.all(tabs.map(async ({ id }) => ({ tab: id, frames: await listFrames(chrome, id) })));
}

// runs reports whether a frame can be using the processor.
/** @param {Frame} frame */
export function runs(frame) {
  return !NOT_RUNNING.has(frame.documentLifecycle ?? "active");
}

// whoLivesIn returns {frames, last}: the running frames of all tabs in the renderer, and the origin that was last seen
// there if none of them can be named. finder says which process a frame lives in.
/**
 * @param {Chrome} chrome
 * @param {Memory} memory
 * @param {number} renderer
 * @param {Finder} finder
 * @returns {Promise<{frames: SaidFrame[], last: string}>}
 */
export async function whoLivesIn(chrome, memory, renderer, finder = new Finder()) {
  const [awake, windows] = await Promise.all([awakeTabs(chrome), chrome.windows.getAll()]);
  const listed = await listAll(chrome, awake);
  await finder.find(chrome, listed, renderer);
  const all = listed.flatMap(({ frames }) => frames);
  for (const f of all) memory.see(f.processId, f.url);
  const unsure = finder.trusted ? mayHide(all, renderer) : new Set(all.filter(unseen));
  const windowOf = new Map(windows.map((w) => [w.id, w]));
  const frames = fit(
    awake.map((tab, i) => describe(tab, listed[i].frames, windowOf.get(tab.windowId), (f) => f.processId === renderer || unsure.has(f))),
  );
  const named = new Set(frames.map((f) => f.origin).filter(Boolean));
  // One page was seen to live there, others nowhere yet: they may live there as well, so it is only probable.
  if (unsure.size > 0 && !finder.trusted && named.size < 2) return { frames: [], last: [...named][0] ?? memory.last(renderer) };
  return { frames, last: named.size > 0 ? "" : memory.last(renderer) };
}

// unseen reports whether a page of the web was not yet seen in any process, by a program that knows it by nothing else.
/** @param {Frame} frame */
function unseen(frame) {
  return frame.lost && runs(frame) && /^(?:https?|file):/.test(frame.url);
}

// mayHide returns the frames that may live in the renderer beside those that do: frames whose process was not found, of
// a browser in which sites share processes. They are said without a name, so that nobody else's is given for sure.
/** @param {Frame[]} all @param {number} renderer @returns {Set<Frame>} */
function mayHide(all, renderer) {
  const lost = all.filter((f) => f.lost && /^(?:https?|file|data|blob|about:blank)/.test(f.url));
  if (lost.length === 0) return new Set();
  const there = all.filter((f) => f.processId === renderer);
  if (there.length === 0) return new Set();
  const late = there.some((f) => f.live) ? [] : lost.filter((f) => f.lost === "late");
  const refused = sharesProcesses(all) ? lost.filter((f) => f.lost === "refused") : [];
  return new Set([...late, ...refused]);
}

// sharesProcesses reports whether two frames of surely different sites live in one process: their last two labels
// differ.
/** @param {Frame[]} all */
function sharesProcesses(all) {
  const sites = new Map();
  for (const f of all) {
    const site = originOf(f.url)?.match(/^https?:\/\/(?:.*\.)?([^.:]+\.[^.:]+)(?::\d+)?$/)?.[1];
    if (!site || !f.processId) continue;
    if ((sites.get(f.processId) ?? site) !== site) return true;
    sites.set(f.processId, site);
  }
  return false;
}

// describe returns what is said of those frames of one tab that live in the renderer.
/**
 * @param {Tab} tab
 * @param {Frame[]} all
 * @param {chrome.windows.Window | undefined} window
 * @param {(f: Frame) => boolean} livesThere
 * @returns {SaidFrame[]}
 */
function describe(tab, all, window, livesThere) {
  const byId = new Map(all.map((f) => [f.frameId, f]));
  return all
    .filter((f) => livesThere(f) && runs(f))
    .map((f) => {
      const shown = f.documentLifecycle !== "prerender";
      const hidden = !(tab.active && shown) || window?.state === "minimized";
      return {
        tab: tab.id,
        frame: f.frameId,
        origin: f.lost ? "" : inherited(f, byId),
        top: inherited(topOf(f, byId), byId),
        hidden,
        audible: tab.audible === true && shown,
        ...(!hidden && window?.focused && { focused: true }),
        ...(!hidden && window?.state === "fullscreen" && { full: true }),
      };
    });
}

// inherited returns a frame's own origin, or that of the page around it if it has none. about:srcdoc is always made by
// its parent. about:blank, data: and the like may be the work of another frame, so the parent's name is only given if
// it lives in the same process; else the frame stays nameless, which is better than blaming the wrong site.
/** @param {Frame | undefined} frame @param {Map<number, Frame>} byId */
function inherited(frame, byId) {
  for (let f = frame, hops = 0; f && hops <= byId.size; hops++) {
    const own = originOf(f.url);
    if (own !== undefined) return own;
    const parent = byId.get(f.parentFrameId);
    if (parent?.processId !== f.processId && f.url !== "about:srcdoc") return "";
    f = parent;
  }
  return "";
}

// topOf returns the outermost frame around a frame, or undefined if the browser does not say.
/** @param {Frame} frame @param {Map<number, Frame>} byId */
function topOf(frame, byId) {
  /** @type {Frame | undefined} */
  let f = frame;
  for (let hops = 0; f && f.parentFrameId >= 0 && hops <= byId.size; hops++) f = byId.get(f.parentFrameId);
  return f;
}

// fit returns as many frames as may be said. If that is not all, the same origin is said once a tab, and the tabs take
// turns: a tab with a thousand frames, or with the longest names, cannot push the others out.
/** @param {SaidFrame[][]} perTab */
function fit(perTab) {
  const all = perTab.flat();
  if (all.length <= MAX_FRAMES && lengthOf(all) <= MAX_LENGTH) return all;
  const turns = perTab.flatMap((frames) => {
    const once = new Map(frames.map((f) => [`${f.origin} ${f.top}`, f]));
    return [...once.values()].map((frame, turn) => ({ frame, turn }));
  });
  turns.sort((a, b) => a.turn - b.turn); // stable: tabs stay in order within a turn
  const said = turns.slice(0, MAX_FRAMES).map((t) => t.frame);
  while (lengthOf(said) > MAX_LENGTH) said.pop();
  return said;
}

// lengthOf returns the length of frames as JSON: origins are plain ASCII, so characters are bytes.
/** @param {SaidFrame[]} frames */
function lengthOf(frames) {
  return JSON.stringify(frames).length;
}

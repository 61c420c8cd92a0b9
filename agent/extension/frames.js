// Who lives in a renderer process: the frames of the open tabs, by the browser's own number of the process.

import { originOf } from "./origin.js";

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
  #origins = new Map();

  // see notes that a document of this address lives in the renderer.
  see(renderer, address) {
    const origin = originOf(address);
    if (!origin || !(renderer > 0)) return;
    this.#origins.delete(renderer); // so that the oldest is always the first
    this.#origins.set(renderer, origin);
    if (this.#origins.size > MAX_REMEMBERED) this.#origins.delete(this.#origins.keys().next().value);
  }

  // last returns the origin last seen in the renderer, or "".
  last(renderer) {
    return this.#origins.get(renderer) ?? "";
  }
}

// framesOf returns what the browser knows of a tab's frames: an empty list if there is no such tab, or none it may say.
export async function framesOf(chrome, tab) {
  try {
    return (await chrome.webNavigation.getAllFrames({ tabId: tab })) ?? [];
  } catch {
    return [];
  }
}

// runs reports whether a frame can be using the processor.
export function runs(frame) {
  return !NOT_RUNNING.has(frame.documentLifecycle);
}

// whoLivesIn returns {frames, last}: the running frames of all tabs in the renderer, and the origin that was last seen
// there if none of them can be named.
export async function whoLivesIn(chrome, memory, renderer) {
  const [tabs, windows] = await Promise.all([chrome.tabs.query({}), chrome.windows.getAll()]);
  const minimized = new Set(windows.filter((w) => w.state === "minimized").map((w) => w.id));
  const awake = tabs.filter((tab) => !tab.discarded); // a discarded tab has no process
  const perTab = await Promise.all(
    awake.map(async (tab) => {
      const frames = await framesOf(chrome, tab.id);
      for (const f of frames) memory.see(f.processId, f.url);
      return describe(tab, frames, minimized.has(tab.windowId), renderer);
    }),
  );
  const frames = fit(perTab);
  const named = frames.some((f) => f.origin !== "");
  return { frames, last: named ? "" : memory.last(renderer) };
}

// describe returns what is said of one tab's frames in the renderer.
function describe(tab, all, minimized, renderer) {
  const byId = new Map(all.map((f) => [f.frameId, f]));
  return all
    .filter((f) => f.processId === renderer && runs(f))
    .map((f) => {
      const shown = f.documentLifecycle !== "prerender";
      return {
        tab: tab.id,
        frame: f.frameId,
        origin: inherited(f, byId),
        top: inherited(topOf(f, byId), byId),
        hidden: !(tab.active && shown) || minimized,
        audible: tab.audible === true && shown,
      };
    });
}

// inherited returns a frame's own origin, or that of the page around it if it has none. about:srcdoc is always made by
// its parent. about:blank, data: and the like may be the work of another frame, so the parent's name is only given if
// it lives in the same process; else the frame stays nameless, which is better than blaming the wrong site.
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
function topOf(frame, byId) {
  let f = frame;
  for (let hops = 0; f && f.parentFrameId >= 0 && hops <= byId.size; hops++) f = byId.get(f.parentFrameId);
  return f;
}

// fit returns as many frames as may be said. If that is not all, the same origin is said once a tab, and the tabs take
// turns: a tab with a thousand frames, or with the longest names, cannot push the others out.
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
function lengthOf(frames) {
  return JSON.stringify(frames).length;
}

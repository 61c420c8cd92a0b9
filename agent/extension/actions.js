// What a person may ask for with a click: close a tab, or show it. The tab must still be the one that was meant.

import { framesOf, runs } from "./frames.js";
import { originOf } from "./origin.js";

/** @import { Finder } from "./finder.js" */

// PATIENCE is how long the browser may take, in milliseconds; the program waits for five seconds. A page may ask its
// visitor whether to leave it, and until that is answered the browser says nothing.
const PATIENCE = 4_000;

// act closes or shows (type: "close", "show") the tab that is meant and returns "", or one word that says why it did not:
// "no_tab", "other_origin", "other_renderer", "unanswered", "failed".
/**
 * @param {Chrome} chrome
 * @param {string} type
 * @param {Params} meant
 * @param {Finder} finder
 * @returns {Promise<string>}
 */
export async function act(chrome, type, { tab, origin, renderer }, finder) {
  const frames = await framesOf(chrome, tab, finder);
  const top = frames.find((f) => f.frameId === 0);
  if (!top) return "no_tab";
  if (!origin || originOf(top.url) !== origin) return "other_origin";
  /** @param {Frame} f */
  const meant = (f) => (f.processId === renderer || f.lost === "late") && runs(f); // one that hangs proves nothing
  if (renderer && !frames.some(meant)) return "other_renderer";
  const done = type === "close" ? chrome.tabs.remove(tab) : show(chrome, tab);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<string>} */
  const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, "unanswered")));
  return Promise.race([done.then(() => "", () => "failed"), late]).finally(() => clearTimeout(timer));
}

/** @param {Chrome} chrome @param {number} tab */
async function show(chrome, tab) {
  const { windowId } = (await chrome.tabs.update(tab, { active: true })) ?? {};
  if (windowId === undefined) throw new Error("the tab is in no window");
  const { state } = await chrome.windows.get(windowId);
  await chrome.windows.update(windowId, state === "minimized" ? { state: "normal", focused: true } : { focused: true });
}

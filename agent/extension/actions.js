// What a person may ask for with a click: close a tab, or show it. The tab must still be the one that was meant.

import { framesOf, runs } from "./frames.js";
import { originOf } from "./origin.js";

// PATIENCE is how long the browser may take, in milliseconds; the program waits for five seconds. A page may ask its
// visitor whether to leave it, and until that is answered the browser says nothing.
const PATIENCE = 4_000;

// act does what a "close" or "show" question asks for and returns "", or one word that says why it did not:
// "no_tab", "other_origin", "other_renderer", "unanswered", "failed".
export async function act(chrome, question, finder) {
  const frames = await framesOf(chrome, question.tab, finder);
  const top = frames.find((f) => f.frameId === 0);
  if (!top) return "no_tab";
  if (!question.origin || originOf(top.url) !== question.origin) return "other_origin";
  const meant = (f) => (f.processId === question.renderer || f.lost === "late") && runs(f); // one that hangs proves nothing
  if (question.renderer && !frames.some(meant)) return "other_renderer";
  const done = question.type === "close" ? chrome.tabs.remove(question.tab) : show(chrome, question.tab);
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, "unanswered")));
  return Promise.race([done.then(() => "", () => "failed"), late]).finally(() => clearTimeout(timer));
}

async function show(chrome, tab) {
  const { windowId } = await chrome.tabs.update(tab, { active: true });
  const { state } = await chrome.windows.get(windowId);
  await chrome.windows.update(windowId, state === "minimized" ? { state: "normal", focused: true } : { focused: true });
}

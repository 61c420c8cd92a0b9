// From a question to its answer, both as in docs/extension-protocol.md. Keys with nothing to say are left out.

import { act } from "./actions.js";
import { whoLivesIn } from "./frames.js";

// STEPS are the questions of the memory step.
const STEPS = new Set(["grow", "shrink", "lives", "distrust"]);

// IDLE is after how many seconds without input the person in front of the browser counts as idle.
const IDLE = 60;

// answer returns the answer to a question, without the version. finder is as for whoLivesIn.
export async function answer(chrome, memory, question, finder, steps) {
  const { id, type } = question;
  if (STEPS.has(type)) {
    const { error, renderer } = await steps.answer(chrome, question);
    return error ? { type: "done", id, error } : { type: "done", id, ...(renderer && { renderer }), ok: true };
  }
  if (type !== "who") {
    const error = await act(chrome, question, finder);
    return error ? { type: "done", id, error } : { type: "done", id, ok: true };
  }
  const { renderer } = question;
  const [{ frames, last }, user] = await Promise.all([whoLivesIn(chrome, memory, renderer, finder), state(chrome)]);
  return {
    type: "frames", id, renderer, ...(frames.length > 0 && { frames }), ...(last && { last }), ...(user && { user }),
  };
}

// state returns "active", "idle" or "locked" for what the person in front of the browser does, or "".
async function state(chrome) {
  try {
    return await chrome.idle.queryState(IDLE);
  } catch {
    return "";
  }
}

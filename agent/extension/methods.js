// What the agent may ask of the extension, by method, as in docs/extension-protocol.md. Keys with nothing to say are
// left out.

import { act } from "./actions.js";
import { Refused } from "./conversation.js";
import { whoLivesIn } from "./frames.js";

/**
 * @import { Finder } from "./finder.js"
 * @import { Memory } from "./frames.js"
 * @import { Steps } from "./step.js"
 */

// IDLE is after how many seconds without input the person in front of the browser counts as idle.
const IDLE = 60;

// agentRequests returns the table of requests for a Conversation. finder is as for whoLivesIn.
/**
 * @param {Chrome} chrome
 * @param {Memory} memory
 * @param {Finder} finder
 * @param {Steps} steps
 * @returns {Methods}
 */
export function agentRequests(chrome, memory, finder, steps) {
  /** @param {string} type */
  const acting = (type) => async (/** @type {Params} */ params) => {
    const code = await act(chrome, type, params, finder);
    if (code) throw new Refused(code);
  };
  return {
    "renderer.frames": async ({ renderer }) => {
      const [{ frames, last }, user] = await Promise.all([whoLivesIn(chrome, memory, renderer, finder), state(chrome)]);
      return { ...(frames.length > 0 && { frames }), ...(last && { last }), ...(user && { user }) };
    },
    "tab.close": acting("close"),
    "tab.show": acting("show"),
    "memory.grow": (params) => steps.grow(chrome, params),
    "memory.shrink": () => steps.shrink(chrome),
    "renderer.lives": ({ renderer }) => steps.lives(renderer),
    "numbers.distrust": () => steps.distrust(),
  };
}

// state returns "active", "idle" or "locked" for what the person in front of the browser does, or "".
/** @param {Chrome} chrome */
async function state(chrome) {
  try {
    return await chrome.idle.queryState(IDLE);
  } catch {
    return "";
  }
}

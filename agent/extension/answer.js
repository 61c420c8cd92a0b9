// From a question to its answer, both as in docs/extension-protocol.md. Keys with nothing to say are left out.

import { act } from "./actions.js";
import { whoLivesIn } from "./frames.js";

// answer returns the answer to a question, without the version.
export async function answer(chrome, memory, question) {
  const { id, type } = question;
  if (type !== "who") {
    const error = await act(chrome, question);
    return error ? { type: "done", id, error } : { type: "done", id, ok: true };
  }
  const { renderer } = question;
  const { frames, last } = await whoLivesIn(chrome, memory, renderer);
  return { type: "frames", id, renderer, ...(frames.length > 0 && { frames }), ...(last && { last }) };
}

// The line to the minewatch program, and the conversation with the agent behind it. This is the only file that opens it.

import { Conversation } from "./conversation.js";
import { isFirefox } from "./firefox.js";

/** @typedef {{since: number, agent: LineState | "", conversation: Conversation | undefined}} Open */

const HOST = "io.github.minewatch";

// PROTOCOL is the version of the messages that this extension speaks.
const PROTOCOL = 2;

// Waits between attempts, in milliseconds: the program may not be installed, or stop at once.
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 300_000;

// STANDS is after how many milliseconds a line that was opened counts as one with a program at its end. A program that
// then says nothing of its agent for SILENT is one of a version that does not.
const STANDS = 200;
const SILENT = 3_000;

// HELLO_PATIENCE is how long the agent may take to answer hello, in milliseconds.
const HELLO_PATIENCE = 10_000;

// keepLine keeps a line to the program open and holds a conversation with the agent whenever there is one: it says
// hello, answers by the tables requests and events, and says nothing else unasked. begin is called before each hello.
//
// It returns {request, state, measures}. request(method, params, patience) is Conversation.request. state() is "ok", or
// what is missing: "no_program", "no_agent", "old_program" (the program or its agent is older than this extension),
// "old_extension". measures(yes) tells whether pages can be measured from now on.
/**
 * @param {Chrome} chrome
 * @param {{requests: Methods, events: Methods, begin?: () => void}} tables
 * @returns {Line}
 */
export function keepLine(chrome, { requests, events, begin = () => {} }) {
  let wait = FIRST_WAIT;
  /** @type {Open | undefined} */
  let line; // {since, agent, conversation} of the open port; agent is as in state(), or "" if the program said nothing yet
  let measuring = false;

  /** @param {Open} mine @param {Conversation} conversation */
  const greet = async (mine, conversation) => {
    const hello = {
      protocol: PROTOCOL, extension: chrome.runtime.getManifest().version,
      ...(isFirefox(chrome) && { browser: "firefox" }), ...(measuring && { measures: true }),
    };
    /** @type {LineState} */
    let agent;
    try {
      const { protocol } = await conversation.request("hello", hello, HELLO_PATIENCE);
      agent = protocol === PROTOCOL ? "ok" : "old_program";
    } catch (/** @type {any} */ err) {
      agent = err.code === "extension_outdated" ? "old_extension" : "no_agent";
    }
    if (mine.conversation !== conversation) return; // another agent came meanwhile
    mine.agent = agent;
    if (agent !== "ok") return;
    wait = FIRST_WAIT; // somebody is there
    if (measuring !== Boolean(hello.measures)) conversation.notify("measuring", { allowed: measuring });
  };

  // found takes what the program says of its agent.
  /** @param {Open} mine @param {chrome.runtime.Port} port @param {unknown} state */
  const found = (mine, port, state) => {
    mine.conversation?.close();
    mine.conversation = undefined;
    mine.agent = state === "outdated" ? "old_program" : "no_agent";
    if (state !== "connected") return;
    begin();
    const conversation = new Conversation((message) => port.postMessage(message), { requests, events });
    mine.conversation = conversation;
    greet(mine, conversation);
  };

  const open = () => {
    const port = chrome.runtime.connectNative(HOST);
    /** @type {Open} */
    const mine = { since: performance.now(), agent: "", conversation: undefined };
    line = mine;
    port.onMessage.addListener((message) => {
      if (message?.method === "agent.state" && message.id === undefined) found(mine, port, message.params?.state);
      else mine.conversation?.receive(message);
    });
    port.onDisconnect.addListener(() => {
      mine.conversation?.close();
      line = undefined;
      void chrome.runtime.lastError; // read, or the browser logs it as unseen
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  };
  open();
  return {
    request: async (method, params, patience) => {
      if (line?.agent !== "ok") return undefined;
      return line.conversation?.request(method, params, patience);
    },
    state: () => {
      const stands = line ? performance.now() - line.since : 0;
      if (!line || stands <= STANDS) return "no_program"; // a browser that finds no program breaks the line at once
      return line.agent || (stands > SILENT ? "old_program" : "no_agent");
    },
    measures: (yes) => {
      if (yes === measuring) return;
      measuring = yes;
      if (line?.agent === "ok") line.conversation?.notify("measuring", { allowed: yes });
    },
  };
}

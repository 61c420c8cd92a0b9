import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mock, test } from "node:test";

import { Conversation, Refused } from "../conversation.js";
import { agentRequests } from "../methods.js";
import { golden } from "./browser.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

// talk returns a conversation and what it sent.
function talk(tables) {
  const sent = [];
  return { sent, c: new Conversation((m) => sent.push(JSON.parse(JSON.stringify(m))), tables) };
}

test("every method that the agent asks for is in the table, and nothing else", () => {
  const files = readdirSync(new URL("../../../testdata/protocol/", import.meta.url)).map((name) => name.replace(/\.json$/, ""));
  const asked = files.filter((method) => {
    try {
      return golden(method, "response") && !/^(?:hello|popup)/.test(method);
    } catch {
      return false; // an event
    }
  });
  assert.deepEqual(Object.keys(agentRequests()).sort(), asked.sort());
});

test("a request is answered with its id, an event is not answered", async () => {
  const events = [];
  const { c, sent } = talk({
    requests: {
      sum: ({ a, b }) => ({ sum: a + b }), nothing: () => {}, no: () => { throw new Refused("no_tab"); },
    },
    events: { news: (params) => events.push(params) },
  });
  c.receive({ id: 1, method: "sum", params: { a: 1, b: 2 } });
  c.receive({ id: 2, method: "nothing" });
  c.receive({ id: 3, method: "no", params: null });
  c.receive({ id: 4, method: "toString" }); // of the table itself, not in it
  c.receive({ method: "news", params: { a: 1 } });
  c.receive({ method: "sum", params: {} }); // a request is no event
  c.receive({ id: 5, method: "news" }); // nor the other way round
  await settled();
  assert.deepEqual(sent.sort((a, b) => a.id - b.id), [
    { id: 1, result: { sum: 3 } }, { id: 2, result: {} }, { id: 3, error: { code: "no_tab" } },
    { id: 4, error: { code: "unknown_method" } }, { id: 5, error: { code: "unknown_method" } },
  ]);
  assert.deepEqual(events, [{ a: 1 }]);
});

test("nonsense is dropped", async () => {
  const { c, sent } = talk({ requests: { f: () => ({}) } });
  for (const m of [null, undefined, 7, "f", [], {}, { id: 1 }, { id: 1, method: 7 }, { id: 0, method: "f" }, { id: "7", method: "f" },
    { id: 2 ** 60, method: "f" }, { id: -1, method: "f" }, { id: null, method: "f" }, { id: 9, result: {} }, { v: 1, type: "who", id: 7, renderer: 1 },
    golden("agent.state", "connected")]) c.receive(m);
  await settled();
  assert.deepEqual(sent, []);
});

test("a request that fails is said to have failed; after the end nothing is said", async () => {
  const warned = mock.method(console, "warn", () => {});
  try {
    let finish;
    const { c, sent } = talk({
      requests: { bad: () => Promise.reject(new Error("x")), slow: () => new Promise((r) => (finish = r)) },
      events: { bad: () => Promise.reject(new Error("x")) },
    });
    c.receive({ id: 1, method: "bad" });
    c.receive({ method: "bad" });
    c.receive({ id: 2, method: "slow" });
    await settled();
    assert.equal(warned.mock.callCount(), 2);
    c.close();
    finish({});
    c.receive({ id: 3, method: "bad" });
    c.notify("measuring", {});
    await settled();
    assert.deepEqual(sent, [{ id: 1, error: { code: "failed" } }]);
    await assert.rejects(c.request("popup.load", undefined, 10), { code: "no_answer" });
  } finally {
    mock.reset();
  }
});

test("responses go to their requests, in any order, and only once", async () => {
  const { c, sent } = talk();
  const load = c.request("popup.load", { lang: "ja" }, 1_000);
  const allow = c.request("popup.allow", { alert: "x" }, 1_000);
  const odd = c.request("popup.allow", { alert: "x" }, 1_000);
  assert.deepEqual(sent.map((m) => [m.id, m.method]), [[1, "popup.load"], [2, "popup.allow"], [3, "popup.allow"]]);
  c.receive({ id: 3, error: { code: 7 } });
  c.receive({ id: 2, error: { code: "refused" } });
  c.receive({ id: 1, result: { more: 1 } });
  c.receive({ id: 1, result: { more: 2 } });
  assert.deepEqual(await load, { more: 1 });
  await assert.rejects(allow, { code: "refused" });
  await assert.rejects(odd, { code: "failed" });
});

test("a request without a response ends, by time or with the conversation", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { c, sent } = talk();
    const slow = c.request("popup.load", undefined, 2_000);
    mock.timers.tick(2_000);
    await assert.rejects(slow, { code: "no_answer" });
    c.receive({ id: 1, result: {} }); // too late
    const waiting = Array.from({ length: 8 }, () => c.request("popup.load", undefined, 2_000));
    await assert.rejects(c.request("popup.load", undefined, 2_000), { code: "no_answer" }); // too many
    assert.equal(sent.length, 9);
    c.close();
    for (const w of waiting) await assert.rejects(w, { code: "no_answer" });
  } finally {
    mock.timers.reset();
  }
});

test("a flood of requests is cut", async () => {
  let asked = 0;
  let go;
  const gate = new Promise((r) => (go = r));
  const { c } = talk({ requests: { f: async () => (asked++, gate) } });
  for (let id = 1; id <= 500; id++) c.receive({ id, method: "f" });
  assert.equal(asked, 32); // at once
  go();
  await settled();
  for (let round = 0; round < 20; round++) {
    for (let id = 1; id <= 32; id++) c.receive({ id, method: "f" });
    await settled();
  }
  assert.ok(asked <= 128, `${asked} in what may have been two seconds`);
});

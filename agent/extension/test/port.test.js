import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { keepLine } from "../port.js";
import { browser, golden } from "./browser.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("says hello and nothing else unasked", async () => {
  const b = browser({});
  keepLine(b.chrome, async () => assert.fail("nobody asked"));
  await settled();
  assert.equal(b.ports.length, 1);
  assert.equal(b.ports[0].host, "io.github.minewatch");
  assert.deepEqual(b.ports[0].sent, [golden("answer-hello")]);
});

test("says hello again when it becomes known that pages can be measured, and on every line from then on", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const b = browser({});
    const line = keepLine(b.chrome, async () => assert.fail("nobody asked"));
    line.measures(false);
    assert.deepEqual(b.ports[0].sent, [golden("answer-hello")]);
    line.measures(true);
    line.measures(true);
    assert.deepEqual(b.ports[0].sent, [golden("answer-hello"), golden("answer-hello-measures")]);
    b.ports[0].break();
    mock.timers.tick(1_000);
    assert.deepEqual(b.ports[1].sent, [golden("answer-hello-measures")]);
    line.measures(false);
    assert.deepEqual(b.ports[1].sent.at(-1), golden("answer-hello"));
  } finally {
    mock.timers.reset();
  }
});

test("answers a question on the line it came by, and no nonsense", async () => {
  const b = browser({});
  keepLine(b.chrome, async (q) => ({ type: "frames", id: q.id }));
  const [port] = b.ports;
  const who = golden("question-who");
  for (const q of [null, undefined, 7, "who", [], {}, { ...who, v: 2 }, { ...who, type: "eval" }, { ...who, id: 0 },
    { ...who, id: "7" }, { ...who, id: 2 ** 60 }, who]) port.say(q);
  await settled();
  assert.deepEqual(port.sent.slice(1), [{ v: 1, type: "frames", id: 7 }]);
});

test("an answer that fails, or comes after the line broke, is not sent", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const warned = mock.method(console, "warn", () => {});
  try {
    const b = browser({});
    let finish;
    keepLine(b.chrome, (q) => (q.id === 1 ? Promise.reject(new Error("x")) : new Promise((r) => (finish = r))));
    const [port] = b.ports;
    port.say({ v: 1, type: "who", id: 1 });
    port.say({ v: 1, type: "who", id: 2 });
    await settled();
    assert.equal(warned.mock.callCount(), 1);
    port.break();
    finish({ type: "frames", id: 2 });
    await settled();
    assert.equal(port.sent.length, 1);
  } finally {
    mock.reset();
    mock.timers.reset();
  }
});

test("a flood of questions is cut", async () => {
  const b = browser({});
  let asked = 0;
  let go;
  const gate = new Promise((r) => (go = r));
  keepLine(b.chrome, async (q) => (asked++, await gate, { type: "frames", id: q.id }));
  for (let id = 1; id <= 500; id++) b.ports[0].say({ v: 1, type: "who", id });
  assert.equal(asked, 32); // at once
  go();
  await settled();
  for (let round = 0; round < 20; round++) {
    for (let id = 1; id <= 32; id++) b.ports[0].say({ v: 1, type: "who", id });
    await settled();
  }
  assert.ok(asked <= 128, `${asked} in what may have been two seconds`);
});

test("a broken line is opened again, ever more slowly, and soon after somebody was there", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const b = browser({});
    keepLine(b.chrome, async (q) => ({ type: "frames", id: q.id }));
    const waits = [];
    const breakAndWait = () => {
      const had = b.ports.length;
      b.ports.at(-1).break();
      let waited = 0;
      while (b.ports.length === had) {
        mock.timers.tick(1000);
        waited++;
      }
      waits.push(waited);
      assert.deepEqual(b.ports.at(-1).sent, [golden("answer-hello")]);
    };
    for (let i = 0; i < 11; i++) breakAndWait();
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    b.ports.at(-1).say(golden("question-who"));
    breakAndWait();
    assert.equal(waits.at(-1), 1);
  } finally {
    mock.timers.reset();
  }
});

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { keepLine } from "../port.js";
import { browser, firefox, golden } from "./browser.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const connected = golden("agent.state", "connected");

// meet has an agent come and agree to the conversation.
async function meet(port, response = golden("hello", "response")) {
  port.say(connected);
  port.say(response);
  await settled();
}

test("says nothing before there is an agent, then hello, and nothing else unasked", async () => {
  const b = browser({});
  keepLine(b.chrome, {});
  const [port] = b.ports;
  port.say(golden("renderer.frames"));
  port.say(golden("agent.state", "absent"));
  await settled();
  assert.equal(port.host, "io.github.minewatch");
  assert.deepEqual(port.sent, []);
  await meet(port);
  assert.deepEqual(port.sent, [golden("hello")]);
  await meet(port); // another agent, by the same program
  assert.deepEqual(port.sent, [golden("hello"), golden("hello")]);
  const f = firefox({});
  keepLine(f.chrome, {});
  f.ports[0].say(connected);
  assert.deepEqual(f.ports[0].sent, [golden("hello", "request-firefox")]);
});

test("says when it becomes known that pages can be measured, and in every hello from then on", async () => {
  const b = browser({});
  let begun = 0;
  const line = keepLine(b.chrome, { begin: () => begun++ });
  const [port] = b.ports;
  line.measures(false);
  await meet(port);
  line.measures(true);
  line.measures(true);
  assert.deepEqual(port.sent, [golden("hello"), golden("measuring", "event")]);
  await meet(port);
  assert.deepEqual(port.sent.at(-1), golden("hello", "request-measures"));
  line.measures(false);
  assert.deepEqual(port.sent.at(-1), golden("measuring", "event-not"));
  port.say(connected);
  line.measures(true); // while hello is on its way
  port.say(golden("hello", "response"));
  await settled();
  assert.deepEqual(port.sent.slice(-2), [golden("hello"), golden("measuring", "event")]);
  assert.equal(begun, 3);
});

test("answers on the line it was asked by, and asks there", async () => {
  const b = browser({});
  const line = keepLine(b.chrome, { requests: { "renderer.frames": async () => ({ last: "https://news.test" }) } });
  const [port] = b.ports;
  assert.equal(await line.request("popup.load", undefined, 10), undefined);
  await meet(port);
  port.say(golden("renderer.frames"));
  await settled();
  assert.deepEqual(port.sent.at(-1), golden("renderer.frames", "response-last"));
  const load = line.request("popup.load", undefined, 1_000);
  assert.deepEqual(port.sent.at(-1), { ...golden("popup.load"), id: 2 });
  port.say({ ...golden("popup.load", "response"), id: 2 });
  assert.equal((await load).machine_percent, 61.5);
  const lost = line.request("popup.load", undefined, 1_000);
  port.say(golden("agent.state", "absent"));
  await assert.rejects(lost, { code: "no_answer" });
  assert.equal(await line.request("popup.load", undefined, 10), undefined);
});

test("says what is missing, and what is too old", async () => {
  let time = performance.now();
  mock.method(performance, "now", () => time);
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const b = browser({});
    const line = keepLine(b.chrome, {});
    const [port] = b.ports;
    assert.equal(line.state(), "no_program"); // not yet known
    time += 1_000;
    assert.equal(line.state(), "no_agent");
    time += 3_000;
    port.say({ v: 1, type: "who", id: 7, renderer: 12 }); // as a program of version 1 does
    assert.equal(line.state(), "old_program");
    port.say(golden("agent.state", "absent"));
    assert.equal(line.state(), "no_agent");
    port.say(golden("agent.state", "outdated"));
    assert.equal(line.state(), "old_program");
    await meet(port);
    assert.equal(line.state(), "ok");
    await meet(port, { ...golden("hello", "response"), result: { protocol: 1 } });
    assert.equal(line.state(), "old_program");
    await meet(port, golden("hello", "outdated"));
    assert.equal(line.state(), "old_extension");
    port.say(connected);
    mock.timers.tick(10_000); // an agent that does not answer hello
    await settled();
    assert.equal(line.state(), "no_agent");
    port.break();
    assert.equal(line.state(), "no_program");
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
});

test("a broken line is opened again, ever more slowly, and soon after somebody was there", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const b = browser({});
    keepLine(b.chrome, {});
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
      b.ports.at(-1).say(connected); // that alone is no conversation
    };
    for (let i = 0; i < 11; i++) breakAndWait();
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    await meet(b.ports.at(-1));
    breakAndWait();
    assert.equal(waits.at(-1), 1);
  } finally {
    mock.timers.reset();
  }
});

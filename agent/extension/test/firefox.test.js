import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { childOf, GeckoFinder, isFirefox, PATIENCE } from "../firefox.js";
import { Memory } from "../frames.js";
import { agentRequests } from "../methods.js";
import { browser, firefox, golden, numbered, outcome } from "./browser.js";

const NEWS = "https://news.test/story?id=7#end";
const FILMS = "http://films.test:8080/watch";

const who = (renderer) => golden("renderer.frames", "request", { renderer });
const ask = (b, request, finder = new GeckoFinder(), memory = new Memory()) => outcome(agentRequests(b.chrome, memory, finder), request);
const names = (got) => (got.frames ?? []).map((f) => [f.tab, f.origin, f.top]);

// settle lets everything run that waits for nothing but its turn.
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

// inTime runs something with timers that stand still until the patience is over.
async function inTime(run) {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const done = run();
    await settle();
    mock.timers.tick(PATIENCE);
    await settle();
    mock.timers.tick(PATIENCE);
    return await done;
  } finally {
    mock.timers.reset();
  }
}

test("which browser it is", () => {
  assert.equal(isFirefox(browser({}).chrome), false);
  assert.equal(isFirefox(firefox({}).chrome), true);
});

test("the number of a frame holds that of the process that made it, beyond 32 bits", () => {
  assert.equal(childOf(numbered(7, 1)), 7);
  assert.equal(childOf(numbered(4_000, 2 ** 31 - 1)), 4_000);
  for (const none of [0, 5, -1, 1.5, NaN, 2 ** 60, "17179869185", undefined, null]) assert.equal(childOf(none), 0);
});

test("who: the same golden answer from Firefox", async () => {
  const inner = numbered(12, 3);
  const b = firefox({
    user: "active",
    windows: [{ id: 1, state: "fullscreen", focused: true }],
    tabs: [
      { id: 101, active: true, frames: [[0, -1, 12, NEWS], [inner, 0, 13, "https://adnet.test/ad"]] },
      { id: 102, audible: true, frames: [[0, -1, 14, FILMS]] },
      { id: 104, discarded: true, frames: [[0, -1, 12, "https://asleep.test/"]] },
    ],
  });
  const got = await ask(b, who(12));
  const want = golden("renderer.frames", "response").result;
  assert.deepEqual(got, { ok: true, ...want, frames: want.frames.slice(0, 1) });
});

test("a frame within says without a look where the one around it lives", async () => {
  const inner = numbered(12, 3);
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS], [inner, 0, 13, FILMS]] }] });
  assert.deepEqual(names(await ask(b, who(12))), [[1, "https://news.test", "https://news.test"]]);
  assert.deepEqual(b.probes, [[1, inner]]);
});

test("a document is looked into once, another in its place again", async () => {
  const finder = new GeckoFinder();
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }] });
  for (let i = 0; i < 3; i++) assert.equal((await ask(b, who(12), finder)).frames.length, 1);
  assert.deepEqual(b.probes, [[1, 0]]);
  b.tabs[0].frames = [[0, -1, 15, FILMS]];
  const got = await ask(b, who(12), finder);
  assert.deepEqual([got.frames, got.last], [undefined, undefined]);
  assert.deepEqual(names(await ask(b, who(15), finder)), [[1, "http://films.test:8080", "http://films.test:8080"]]);
  assert.equal(b.probes.length, 2);
});

test("an older Firefox without numbers of documents is looked into every time", async () => {
  const finder = new GeckoFinder();
  const b = firefox({ documents: false, tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }] });
  for (let i = 0; i < 3; i++) assert.equal((await ask(b, who(12), finder)).frames.length, 1);
  assert.equal(b.probes.length, 3);
});

test("a page that moved on between listing and look is named by what was found", async () => {
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }] });
  b.inFrame = () => ({ made: numbered(12, 9), url: FILMS });
  assert.deepEqual(names(await ask(b, who(12))), [[1, "http://films.test:8080", "http://films.test:8080"]]);
});

test("a hung page is not named beside one that answers, nor waited for again", async () => {
  const finder = new GeckoFinder();
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 13, FILMS, "hangs"]] }] });
  const first = await inTime(() => ask(b, who(12), finder));
  assert.deepEqual(names(first), [[1, "https://news.test", "https://news.test"]]);
  const again = await inTime(() => ask(b, who(12), finder));
  assert.deepEqual(names(again), [[1, "https://news.test", "https://news.test"]]);
  assert.deepEqual(b.probes, [[1, 0], [2, 0], [1, 0]]); // the hung one once; the other to see that its process answers
});

test("a page that hung at an earlier request holds up no later one", async () => {
  const finder = new GeckoFinder();
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 13, FILMS, "hangs"]] }] });
  await inTime(() => ask(b, who(12), finder));
  const later = performance.now() + PATIENCE;
  mock.method(performance, "now", () => later);
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const asked = ask(b, who(12), finder);
    await settle();
    mock.timers.tick(1); // what lasts longer never ends here
    assert.deepEqual(names(await asked), [[1, "https://news.test", "https://news.test"]]);
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
});

test("of two hung pages that may share a process none is named for sure", async () => {
  const finder = new GeckoFinder();
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 12, FILMS, "hangs"]] }] });
  await inTime(() => ask(b, who(12), finder)); // the first was found while it still answered
  b.tabs[0].frames[0].push("hangs");
  const got = await inTime(() => ask(b, who(12), finder));
  assert.deepEqual(names(got), [[1, "https://news.test", "https://news.test"], [2, "", "http://films.test:8080"]]);
});

test("a hung page is not guessed to be in a process in which nobody was found", async () => {
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 13, FILMS, "hangs"]] }] });
  for (const renderer of [13, 14]) { // right for the one, but an extension's or a private window's process looks the same
    const got = await inTime(() => ask(b, who(renderer)));
    assert.deepEqual([got.frames, got.last], [undefined, undefined]);
  }
});

test("where sites share processes, a page nobody may look into makes the answer unsure", async () => {
  const pdf = { id: 3, frames: [[0, -1, 12, "https://papers.test/a.pdf", "refuses"]] };
  const apart = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 14, FILMS]] }, pdf] });
  assert.deepEqual(names(await ask(apart, who(12))), [[1, "https://news.test", "https://news.test"]]);
  const shared = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }, { id: 2, frames: [[0, -1, 12, FILMS]] }, pdf] });
  assert.deepEqual(names(await ask(shared, who(12))), [
    [1, "https://news.test", "https://news.test"],
    [2, "http://films.test:8080", "http://films.test:8080"],
    [3, "", "https://papers.test"],
  ]);
});

test("nonsense from a frame is no process", async () => {
  for (const said of [undefined, null, {}, { made: 7, url: NEWS }, { made: "17179869185" }, { made: -1 }]) {
    const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }] });
    b.inFrame = () => said;
    const got = await ask(b, who(12));
    assert.deepEqual([got.frames, got.last], [undefined, undefined]);
  }
});

test("close: only the tab whose page lives there, or hangs", async () => {
  const close = golden("tab.close", "request", { renderer: 12 });
  const tab = (...frame) => ({ id: 101, frames: [[0, -1, ...frame]] });
  assert.equal((await ask(firefox({ tabs: [tab(12, NEWS)] }), close)).ok, true);
  assert.equal((await ask(firefox({ tabs: [tab(13, NEWS)] }), close)).error, "other_renderer");
  assert.equal((await ask(firefox({ tabs: [tab(12, NEWS, "refuses")] }), close)).error, "other_renderer");
  assert.equal((await inTime(() => ask(firefox({ tabs: [tab(12, NEWS, "hangs")] }), close))).ok, true);
  assert.equal((await inTime(() => ask(firefox({ tabs: [tab(12, FILMS, "hangs")] }), close))).error, "other_origin");
});

test("requests at the same time wait for the same slow page as long as each would alone", async () => {
  const b = firefox({ tabs: [{ id: 1, frames: [[0, -1, 12, NEWS]] }] });
  const quick = b.chrome.scripting.executeScript;
  let go;
  const slow = new Promise((resolve) => (go = resolve));
  b.chrome.scripting.executeScript = async (what) => (await slow, quick(what));
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const finder = new GeckoFinder();
    const first = ask(b, who(12), finder);
    await settle();
    const second = ask(b, who(12), finder);
    await settle();
    mock.timers.tick(1_000);
    go();
    for (const got of await Promise.all([first, second])) assert.equal(got.frames?.length, 1);
    assert.equal(b.probes.length, 1);
  } finally {
    mock.timers.reset();
  }
});

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Finder } from "../finder.js";
import { GeckoFinder } from "../firefox.js";
import { everyFrame, Memory } from "../frames.js";
import { agentRequests } from "../methods.js";
import { measures, Steps } from "../step.js";
import { browser, firefox, golden, numbered, outcome } from "./browser.js";

const NEWS = "https://news.test/story";
const FILMS = "http://films.test:8080/watch";

// setUp returns a Firefox over tabs, and how to ask it. What runs in pages is noted in `ran`.
function setUp(tabs) {
  const b = firefox({ tabs });
  const probe = b.chrome.scripting.executeScript;
  const ran = [];
  b.chrome.scripting.executeScript = async (what) => {
    if (!what.args) return probe(what);
    ran.push([what.target.tabId, what.func.name, ...what.args.slice(0, 1)]);
    return b.hangs ? new Promise(() => {}) : [{ result: b.holds ?? true }];
  };
  const finder = new GeckoFinder();
  const memory = new Memory();
  const steps = new Steps((chrome) => everyFrame(chrome, finder), finder, memory);
  return { b, ran, ask: (request) => outcome(agentRequests(b.chrome, memory, finder, steps), request) };
}

const tabs = () => [
  { id: 1, active: true, frames: [[0, -1, 12, NEWS]] },
  { id: 2, frames: [[0, -1, 13, FILMS], [numbered(13, 1), 0, 14, "https://adnet.test/"]] },
  { id: 3, frames: [[0, -1, 15, "about:addons", "refuses"]] },
];

test("grow, grow, shrink: in the one page that was picked, the ones in the background first", async () => {
  const { ran, ask } = setUp(tabs());
  assert.deepEqual(await ask(golden("memory.grow")), { ok: true, ...golden("memory.grow", "response").result });
  assert.deepEqual(await ask(golden("memory.grow", "request-more")), { ok: true, renderer: 12 });
  assert.deepEqual(await ask(golden("memory.shrink")), { ok: true });
  assert.deepEqual(ran, [[1, "grow", 32 * 2 ** 20], [1, "grow", 24 * 2 ** 20], [1, "shrink"]]);
});

test("no such page, no page of unknown process, no page begun", async () => {
  const { ran, ask } = setUp(tabs());
  for (const change of [{ turn: 3 }, { turn: -1 }, { turn: "0" }, { pick: "unknown", turn: 0 }]) {
    assert.deepEqual(await ask(golden("memory.grow", "request", change)), { error: "no_tab" });
  }
  assert.deepEqual(await ask(golden("memory.grow", "request-more")), { error: "failed" });
  assert.deepEqual(await ask(golden("memory.shrink")), { error: "no_tab" });
  assert.deepEqual(await ask(golden("renderer.lives")), { error: "no_tab" });
  assert.deepEqual(ran, []);
});

test("not more than two steps of 40 MiB each", async () => {
  const { ran, ask } = setUp(tabs());
  const grow = (mib) => golden("memory.grow", "request", { mib });
  for (const mib of [41, 0, -1, undefined, NaN]) assert.equal((await ask(grow(mib))).error, "failed");
  assert.equal((await ask(grow(40))).ok, true);
  assert.equal((await ask(golden("memory.grow", "request-more"))).ok, true);
  assert.equal((await ask(golden("memory.grow", "request-more"))).error, "failed");
  assert.equal(ran.length, 2);
});

test("a page left half way gives back before another is begun", async () => {
  const { ran, ask } = setUp(tabs());
  await ask(golden("memory.grow"));
  await ask(golden("memory.grow", "request", { turn: 0 }));
  assert.deepEqual(ran.map(([tab, what]) => [tab, what]), [[1, "grow"], [1, "shrink"], [2, "grow"]]);
});

test("a page that hangs is given up, and told to give back", async () => {
  const { b, ran, ask } = setUp(tabs());
  b.hangs = true;
  await ask(golden("renderer.frames")); // so that everything is known
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const asked = ask(golden("memory.grow"));
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 30; j++) await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(1_500);
    }
    assert.equal((await asked).error, "unanswered");
    assert.deepEqual(ran.map(([, what]) => what), ["grow", "shrink"]);
  } finally {
    mock.timers.reset();
  }
});

// see has the program see one page of unknown process after the other in these.
async function see(ask, ...renderers) {
  for (const renderer of renderers) {
    assert.equal((await ask(golden("memory.grow", "request", { pick: "unknown", turn: 0 }))).ok, true);
    await ask(golden("memory.shrink"));
    assert.equal((await ask(golden("renderer.lives", "request", { renderer }))).ok, true);
  }
}

const origins = ({ frames, last }) => [frames?.map((f) => f.origin), last];
const PROBABLY_FILMS = [undefined, "http://films.test:8080"];

test("distrust: numbers of frames say nothing any more, what was measured does", async () => {
  const { ask } = setUp(tabs());
  const who = golden("renderer.frames");
  const { renderer } = who.params;
  assert.equal((await ask(who)).frames.length, 1);
  assert.deepEqual(await ask(golden("numbers.distrust")), { ok: true });
  assert.deepEqual(origins(await ask(who)), [undefined, undefined]);
  await see(ask, renderer);
  assert.deepEqual(origins(await ask(who)), PROBABLY_FILMS); // others may live there as well
  await see(ask, renderer);
  assert.deepEqual(origins(await ask(who)), [["", "http://films.test:8080", "https://adnet.test"], undefined]);
  await see(ask, renderer + 1);
  assert.deepEqual(origins(await ask(who)), [["http://films.test:8080", "https://adnet.test"], undefined]);
  assert.deepEqual(origins(await ask(golden("renderer.frames", "request", { renderer: renderer + 1 }))), [["https://news.test"], undefined]);
});

// chromium returns a browser of the Chromium family in which the person has allowed measuring, or not.
function chromium(granted) {
  const b = browser({ tabs: tabs(), granted });
  const finder = new Finder();
  const memory = new Memory();
  if (granted) b.chrome.scripting = { executeScript: async () => [{ result: true }] };
  const steps = new Steps((chrome) => everyFrame(chrome, finder), finder, memory);
  return { b, finder, ask: (request) => outcome(agentRequests(b.chrome, memory, finder, steps), request) };
}

test("Chromium: no step without permission, and whether there is one", async () => {
  const { b, ask } = chromium(false);
  assert.equal((await ask(golden("memory.grow"))).error, "failed");
  assert.equal(await measures(b.chrome), false);
  const { b: other, ask: askOther } = chromium(true);
  assert.equal((await askOther(golden("memory.grow"))).ok, true);
  assert.equal(await measures(other.chrome), true);
  other.chrome.permissions.contains = async () => false; // taken back, though the browser still has the functions
  assert.equal(await measures(other.chrome), false);
  other.chrome.permissions.contains = async () => {
    throw new Error("x");
  };
  assert.equal(await measures(other.chrome), false);
});

test("Chromium: what it says of processes counts until it is distrusted, then only what the program has seen", async () => {
  const { ask, finder } = chromium(true);
  const who = (renderer) => ask(golden("renderer.frames", "request", { renderer }));
  const sites = async (renderer) => [(await who(renderer)).frames?.map((f) => f.origin), (await who(renderer)).last];
  assert.deepEqual(await sites(13), [["http://films.test:8080"], undefined]);
  assert.equal((await ask(golden("renderer.lives"))).error, "no_tab"); // nothing was measured yet
  assert.deepEqual(await ask(golden("numbers.distrust")), { ok: true });
  assert.deepEqual(await sites(13), [undefined, undefined]);
  assert.equal((await ask(golden("memory.grow", "request", { pick: "known" }))).error, "no_tab");
  await see(ask, 99);
  assert.deepEqual(await sites(99), PROBABLY_FILMS);
  assert.deepEqual(await sites(13), [undefined, undefined]);
  await see(ask, 98, 97);
  assert.deepEqual(await sites(99), [["http://films.test:8080"], undefined]);
  finder.trust(); // another program at the other end
  assert.deepEqual(await sites(13), [["http://films.test:8080"], undefined]);
});

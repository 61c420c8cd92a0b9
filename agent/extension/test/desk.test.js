import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Desk } from "../desk.js";
import { Flagged, Warner } from "../flagged.js";
import { Memory } from "../frames.js";
import { browser, golden } from "./browser.js";

const NEWS = "https://news.test";

// desk returns a desk over a browser, with a line that keeps what is said.
function desk(spec, up = true) {
  const b = browser(spec);
  const flagged = new Flagged(b.chrome.storage.local);
  const d = new Desk(b.chrome, new Memory(), undefined, flagged, new Warner(b.chrome, flagged));
  const said = [];
  d.use({ say: (m) => (said.push(m), up), open: () => up });
  return { ...b, desk: d, said, flagged };
}

const tabs = () => [
  { id: 101, active: true, frames: [[0, -1, 12, `${NEWS}/story`]] },
  { id: 102, frames: [[0, -1, 12, "https://films.test/x"], [5, 0, 14, "https://ads.test/"]] },
];
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the window is told who lives in what the program measured", async () => {
  const { desk: d, said } = desk({ tabs: tabs() });
  const view = d.answer({ type: "view", lang: "ja", tab: 101 });
  await settled();
  assert.deepEqual(said, [{ type: "load", lang: "ja", id: 1 }]);
  await d.told({ ...golden("question-load"), id: 1 });
  const { state, machine, more, tabs: rows, here } = await view;
  assert.deepEqual([state, machine, more, here], ["ok", 61.5, 1, undefined]);
  assert.deepEqual(rows[0].origins, [NEWS, "https://films.test"]);
  assert.deepEqual(rows[0].tabs.map((t) => [t.tab, t.origin, t.hidden]), [[101, NEWS, false], [102, "https://films.test", true]]);
  assert.deepEqual([rows[1].origins, rows[1].tops], [["https://ads.test"], ["https://films.test"]]);
  assert.equal(rows[0].alert, "20260101T120000-1");
});

test("the window itself is no tab of its list", async () => {
  const { desk: d } = desk({ tabs: [{ id: 1, frames: [[0, -1, 12, "chrome-extension://me/popup.html"]] }] });
  const view = d.answer({ type: "view" });
  await settled();
  await d.told({ ...golden("question-load"), id: 1 });
  const { tabs, unseen } = await view; // nor is a process that nobody here can name and that nothing is said against
  assert.deepEqual([tabs, unseen], [[], 10]);
});

test("what has no name here is shown if there is something against it", async () => {
  const { desk: d } = desk({ tabs: [] });
  const view = d.answer({ type: "view" });
  await settled();
  await d.told({ ...golden("question-load"), id: 1 });
  const { tabs: rows, unseen } = await view;
  assert.deepEqual([rows.map((r) => r.renderer), unseen], [[12], 10]);
});

test("without a program, and with one that is silent, it says which", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    assert.deepEqual(await desk({}, false).desk.answer({ type: "view" }), { state: "no_program", tabs: [] });
    const { desk: d } = desk({});
    const view = d.answer({ type: "view" });
    mock.timers.tick(2_000);
    assert.deepEqual(await view, { state: "no_agent", tabs: [] });
    const allow = d.answer({ type: "allow", alert: "x-1" });
    mock.timers.tick(2_000);
    assert.deepEqual(await allow, { error: "no_answer" });
  } finally {
    mock.timers.reset();
  }
});

test("allow and ask later go to the program, close and show to the browser", async () => {
  const { desk: d, said, calls } = desk({ tabs: tabs() });
  for (const [type, ok, want] of [["allow", true, { ok: true }], ["snooze", false, { error: "refused" }]]) {
    const done = d.answer({ type, alert: "20260101T120000-1" });
    await settled();
    await d.told({ v: 1, type: "acted", id: said.at(-1).id, ...(ok && { ok }) });
    assert.deepEqual(await done, want);
  }
  const back = d.answer({ type: "disallow", renderer: 14 });
  await settled();
  await d.told({ v: 1, type: "acted", id: said.at(-1).id, ok: true });
  assert.deepEqual(await back, { ok: true });
  const golds = ["answer-allow", "answer-snooze", "answer-disallow"].map((g) => golden(g));
  assert.deepEqual(said.map(({ id: _, ...m }) => ({ v: 1, ...m })), golds.map(({ id: _, ...m }) => m));
  assert.deepEqual(await d.answer({ type: "close", tab: 102, origin: NEWS, renderer: 12 }), { error: "other_origin" });
  assert.deepEqual(await d.answer({ type: "close", tab: 102, origin: "https://films.test", renderer: 99 }), { error: "other_renderer" });
  assert.deepEqual(calls, []);
  assert.deepEqual(await d.answer({ type: "show", tab: 101, origin: NEWS, renderer: 12 }), { ok: true });
  assert.deepEqual(await d.answer({ type: "close", tab: 102, origin: "https://films.test", renderer: 12 }), { ok: true });
  assert.deepEqual(calls.map(([what, id]) => [what, id]).slice(0, 1).concat([calls.at(-1)]), [["update", 101], ["remove", 102]]);
  for (const odd of [undefined, {}, { type: "eval" }]) assert.deepEqual(await d.answer(odd), { error: "failed" });
});

test("a site is flagged only by the profile that has it open, and never from a private window", async () => {
  const open = tabs();
  const { desk: d, flagged } = desk({ tabs: open });
  for (const sites of [["other.test"], undefined, "films.test", [7], []]) await d.told({ v: 1, type: "flagged", renderer: 12, sites });
  await d.told({ v: 1, type: "flagged", renderer: 99, sites: ["films.test"] });
  open[1].incognito = true;
  await d.told(golden("question-flagged"));
  assert.equal(await flagged.find("https://films.test"), undefined);
  open[1].incognito = false;
  await d.told(golden("question-flagged"));
  assert.equal((await flagged.find("https://films.test")).site, "films.test");
  const view = d.answer({ type: "view", tab: 102 });
  await settled();
  await d.told({ ...golden("question-load"), id: 1 });
  assert.equal((await view).here.site, "films.test");
  await d.answer({ type: "forget", site: "films.test" });
  assert.equal(await flagged.find("https://films.test"), undefined);
  await d.told(golden("question-flagged"));
  await d.told(golden("question-unflagged"));
  assert.equal(await flagged.find("https://films.test"), undefined);
});

test("only the extension's own window is listened to", async () => {
  const b = desk({ tabs: [] }, false);
  b.desk.listen();
  const ask = (sender) => b.listeners.message({ type: "view" }, sender, () => {});
  const own = "chrome-extension://me/popup.html";
  assert.equal(ask({ id: "me", url: own }), true);
  assert.equal(ask({ id: "me", url: `${own}?x#y` }), true);
  for (const sender of [{ id: "me", url: "https://films.test/popup.html" }, { id: "other", url: own }, { id: "me" },
    { id: "me", url: "chrome-extension://me/popup.html.evil" }]) assert.equal(ask(sender), false);
  await settled();
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversation, Refused } from "../conversation.js";
import { Flagged, Warner } from "../flagged.js";
import { Memory } from "../frames.js";
import { PopupRouter } from "../popup-router.js";
import { browser, golden } from "./browser.js";

const NEWS = "https://news.test";

// setUp returns a router over a browser, with a line that keeps what is asked and answers by answers(method).
function setUp(spec, state = "ok") {
  const b = browser(spec);
  const flagged = new Flagged(b.chrome.storage.local);
  const router = new PopupRouter(b.chrome, new Memory(), undefined, flagged, new Warner(b.chrome, flagged));
  const said = [];
  const answers = {};
  router.use({
    request: async (method, params) => {
      if (state !== "ok") return undefined;
      said.push({ method, ...(params && { params }) });
      const { result, error } = answers[method] ?? golden(method, "response");
      if (error) throw new Refused(error.code);
      return result;
    },
    state: () => state,
  });
  return { ...b, router, said, answers, flagged };
}

const tabs = () => [
  { id: 101, active: true, frames: [[0, -1, 12, `${NEWS}/story`]] },
  { id: 102, frames: [[0, -1, 12, "https://films.test/x"], [5, 0, 14, "https://ads.test/"]] },
];
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the window is told which pages run in what the program measured", async () => {
  const { router, said } = setUp({ tabs: tabs() });
  const { state, machine, more, tabs: rows, here } = await router.answer({ type: "view", lang: "ja", tab: 101 });
  const { method, params } = golden("popup.load", "request-ja");
  assert.deepEqual(said, [{ method, params }]);
  assert.deepEqual([state, machine, more, here], ["ok", 61.5, 1, undefined]);
  assert.deepEqual(rows[0].origins, [NEWS, "https://films.test"]);
  assert.deepEqual(rows[0].tabs.map((t) => [t.tab, t.origin, t.hidden]), [[101, NEWS, false], [102, "https://films.test", true]]);
  assert.deepEqual([rows[1].origins, rows[1].tops], [["https://ads.test"], ["https://films.test"]]);
  assert.equal(rows[0].alert, "20260101T120000-1");
});

test("the window itself is no tab of its list", async () => {
  const { router } = setUp({ tabs: [{ id: 1, frames: [[0, -1, 12, "chrome-extension://me/popup.html"]] }] });
  const { tabs: rows, unseen } = await router.answer({ type: "view" }); // nor is a process that nobody here can name and that nothing is said against
  assert.deepEqual([rows, unseen], [[], 10]);
});

test("what has no name here is shown if there is something against it", async () => {
  const { router } = setUp({ tabs: [] });
  const { tabs: rows, unseen } = await router.answer({ type: "view" });
  assert.deepEqual([rows.map((r) => r.renderer), unseen], [[12], 10]);
});

test("without an agent it says what is missing or too old", async () => {
  for (const state of ["no_program", "no_agent", "old_program", "old_extension"]) {
    const { router } = setUp({}, state);
    assert.deepEqual(await router.answer({ type: "view" }), { state, tabs: [] });
    assert.deepEqual(await router.answer({ type: "allow", alert: "x-1" }), { error: "no_answer" });
  }
  const { router, answers } = setUp({}); // it was there, and is silent now
  answers["popup.load"] = answers["popup.allow"] = { error: { code: "no_answer" } };
  assert.deepEqual(await router.answer({ type: "view" }), { state: "no_agent", tabs: [] });
  assert.deepEqual(await router.answer({ type: "allow", alert: "x-1" }), { error: "no_answer" });
});

test("allow and ask later go to the program, close and show to the browser", async () => {
  const { router, said, answers, calls } = setUp({ tabs: tabs() });
  const alert = "20260101T120000-1";
  answers["popup.snooze"] = golden("popup.snooze", "refused");
  assert.deepEqual(await router.answer({ type: "allow", alert }), { ok: true });
  assert.deepEqual(await router.answer({ type: "snooze", alert }), { error: "refused" });
  assert.deepEqual(await router.answer({ type: "disallow", renderer: 14 }), { ok: true });
  const golds = ["popup.allow", "popup.snooze", "popup.disallow"].map((method) => golden(method));
  assert.deepEqual(said, golds.map(({ method, params }) => ({ method, params })));
  assert.deepEqual(await router.answer({ type: "close", tab: 102, origin: NEWS, renderer: 12 }), { error: "other_origin" });
  assert.deepEqual(await router.answer({ type: "close", tab: 102, origin: "https://films.test", renderer: 99 }), { error: "other_renderer" });
  assert.deepEqual(calls, []);
  assert.deepEqual(await router.answer({ type: "show", tab: 101, origin: NEWS, renderer: 12 }), { ok: true });
  assert.deepEqual(await router.answer({ type: "close", tab: 102, origin: "https://films.test", renderer: 12 }), { ok: true });
  assert.deepEqual(calls.map(([what, id]) => [what, id]).slice(0, 1).concat([calls.at(-1)]), [["update", 101], ["remove", 102]]);
  for (const odd of [undefined, {}, { type: "eval" }]) assert.deepEqual(await router.answer(odd), { error: "failed" });
});

test("a site is flagged only by the profile that has it open, and never from a private window", async () => {
  const open = tabs();
  const { router, flagged } = setUp({ tabs: open });
  const agent = new Conversation(() => assert.fail("an event has no response"), { events: router.events() });
  const told = async (message) => (agent.receive(message), settled());
  for (const site of ["other.test", undefined, ["films.test"], 7]) await told(golden("site.flagged", "event", { site }));
  await told(golden("site.flagged", "event", { renderer: 99 }));
  open[1].incognito = true;
  await told(golden("site.flagged", "event"));
  assert.equal(await flagged.find("https://films.test"), undefined);
  open[1].incognito = false;
  await told(golden("site.flagged", "event"));
  assert.equal((await flagged.find("https://films.test")).site, "films.test");
  assert.equal((await router.answer({ type: "view", tab: 102 })).here.site, "films.test");
  await router.answer({ type: "forget", site: "films.test" });
  assert.equal(await flagged.find("https://films.test"), undefined);
  await told(golden("site.flagged", "event"));
  await told(golden("sites.unflagged", "event"));
  assert.equal(await flagged.find("https://films.test"), undefined);
});

test("only the extension's own window is listened to", async () => {
  const b = setUp({ tabs: [] }, "no_program");
  b.router.listen();
  const ask = (sender) => b.listeners.message({ type: "view" }, sender, () => {});
  const own = "chrome-extension://me/popup.html";
  assert.equal(ask({ id: "me", url: own }), true);
  assert.equal(ask({ id: "me", url: `${own}?x#y` }), true);
  for (const sender of [{ id: "me", url: "https://films.test/popup.html" }, { id: "other", url: own }, { id: "me" },
    { id: "me", url: "chrome-extension://me/popup.html.evil" }]) assert.equal(ask(sender), false);
  await settled();
});

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { MAX_FRAMES, MAX_REMEMBERED, Memory, whoLivesIn } from "../frames.js";
import { agentRequests } from "../methods.js";
import { asked, browser, golden } from "./browser.js";

const NEWS = "https://news.test/story?id=7#end";
const FILMS = "http://films.test:8080/watch";

const tabs = () => [
  {
    id: 101, active: true,
    frames: [
      [0, -1, 12, NEWS],
      [3, 0, 13, "https://adnet.test/ad"],
      [4, 0, 12, "about:blank"],
    ],
  },
  { id: 102, audible: true, frames: [[0, -1, 14, FILMS], [6, 0, 12, "https://news.test/embed"]] },
  { id: 103, frames: [[0, -1, 15, "about:blank"], [9, -1, 12, "about:blank"]] },
  { id: 104, discarded: true, frames: [[0, -1, 12, "https://asleep.test/"]] },
];

const ask = (b, request, memory = new Memory()) => asked(agentRequests(b.chrome, memory), request);

test("who: origins of the frames in that renderer, as in the golden message", async () => {
  const windows = [{ id: 1, state: "fullscreen", focused: true }];
  const got = await ask(browser({ windows, tabs: tabs(), user: "active" }), golden("renderer.frames"));
  assert.deepEqual(got, golden("renderer.frames", "response"));
});

test("who: nobody", async () => {
  const got = await ask(browser({ tabs: [] }), golden("renderer.frames"));
  assert.deepEqual(got, golden("renderer.frames", "response-none"));
});

test("who: nobody any more, but the last one is remembered", async () => {
  const memory = new Memory();
  memory.see(12, FILMS);
  memory.see(12, NEWS);
  memory.see(12, "about:blank");
  const got = await ask(browser({ tabs: [] }), golden("renderer.frames"), memory);
  assert.deepEqual(got, golden("renderer.frames", "response-last"));
});

test("who: what was seen while answering is remembered too", async () => {
  const memory = new Memory();
  const b = browser({ tabs: tabs() });
  await ask(b, golden("renderer.frames", "request", { renderer: 99 }), memory);
  b.tabs.length = 0;
  assert.equal((await ask(b, golden("renderer.frames", "request", { renderer: 13 }), memory)).result.last, "https://adnet.test");
});

test("a frozen page is not named as living there, only as the last; a prerendered one is, as hidden", async () => {
  const b = browser({
    tabs: [
      {
        id: 1, active: true, audible: true,
        frames: [
          [0, -1, 20, NEWS],
          [5, -1, 21, "https://before.test/", "cached"],
          [6, -1, 22, "https://gone.test/", "pending_deletion"],
          [7, -1, 23, "https://next.test/", "prerender"],
          [8, 7, 23, "about:srcdoc", "prerender"],
        ],
      },
    ],
  });
  const memory = new Memory();
  assert.deepEqual(await whoLivesIn(b.chrome, memory, 21), { frames: [], last: "https://before.test" });
  assert.deepEqual(await whoLivesIn(b.chrome, memory, 22), { frames: [], last: "https://gone.test" });
  const { frames } = await whoLivesIn(b.chrome, memory, 23);
  assert.deepEqual(frames.map((f) => [f.frame, f.origin, f.top, f.hidden, f.audible]), [
    [7, "https://next.test", "https://next.test", true, false],
    [8, "https://next.test", "https://next.test", true, false],
  ]);
});

test("hidden: another tab is shown, or the window is minimised", async () => {
  const b = browser({
    windows: [{ id: 1, state: "normal" }, { id: 2, state: "minimized" }],
    tabs: [
      { id: 1, windowId: 1, active: true, frames: [[0, -1, 5, NEWS]] },
      { id: 2, windowId: 1, active: false, frames: [[0, -1, 5, NEWS]] },
      { id: 3, windowId: 2, active: true, frames: [[0, -1, 5, NEWS]] },
      { id: 4, windowId: 3, active: true, frames: [[0, -1, 5, NEWS]] }, // of a kind that is not listed
    ],
  });
  const { frames } = await whoLivesIn(b.chrome, new Memory(), 5);
  assert.deepEqual(frames.map((f) => f.hidden), [false, true, true, false]);
});

test("who sits there, and which window has the keyboard or fills the screen", async () => {
  const windows = [{ id: 1, state: "normal", focused: true }, { id: 2, state: "fullscreen", focused: false }];
  const shown = { active: true, frames: [[0, -1, 12, NEWS]] };
  const b = browser({
    windows, user: "locked",
    tabs: [{ id: 1, ...shown }, { id: 2, ...shown, active: false }, { id: 3, windowId: 2, ...shown }],
  });
  const got = await ask(b, golden("renderer.frames"));
  assert.equal(got.result.user, "locked");
  assert.deepEqual(got.result.frames.map((f) => [f.focused, f.full]), [[true, undefined], [undefined, undefined], [undefined, true]]);
  b.chrome.idle.queryState = async () => {
    throw new Error("not here");
  };
  assert.equal("user" in (await ask(b, golden("renderer.frames"))).result, false);
});

test("a frame without an address of its own: the parent's in one process, nobody's in another", async () => {
  const b = browser({
    tabs: [
      {
        id: 1,
        frames: [
          [0, -1, 5, NEWS],
          [1, 0, 6, "about:srcdoc"], // sandboxed into its own process, still its parent's work
          [2, 1, 6, "data:text/html,x"], // inherits twice
          [3, 0, 6, "about:blank"], // another frame's work: not the parent's to answer for
          [4, 99, 6, "about:blank"], // a parent that is not listed
          [5, 0, 6, "http://it's/"], // unnameable is not the same as inherited
          [6, 0, 6, "blob:https://films.test/1"],
        ],
      },
    ],
  });
  const { frames } = await whoLivesIn(b.chrome, new Memory(), 6);
  assert.deepEqual(frames.map((f) => [f.frame, f.origin, f.top]), [
    [1, "https://news.test", "https://news.test"],
    [2, "https://news.test", "https://news.test"],
    [3, "", "https://news.test"],
    [4, "", ""],
    [5, "", "https://news.test"],
    [6, "https://films.test", "https://news.test"],
  ]);
});

test("frames that are each other's parents end the search", async () => {
  const b = browser({ tabs: [{ id: 1, frames: [[1, 2, 5, "about:blank"], [2, 1, 5, "about:blank"]] }] });
  const { frames } = await whoLivesIn(b.chrome, new Memory(), 5);
  assert.deepEqual(frames.map((f) => [f.origin, f.top]), [["", ""], ["", ""]]);
});

test("a tab of a thousand frames cannot push the others out", async () => {
  const many = [[0, -1, 5, "https://crowd.test/"]];
  for (let i = 1; i <= 1000; i++) many.push([i, 0, 5, `https://n${i}.crowd.test/`]);
  const b = browser({ tabs: [{ id: 1, frames: many }, { id: 2, frames: [[0, -1, 5, NEWS]] }] });
  const { frames } = await whoLivesIn(b.chrome, new Memory(), 5);
  assert.equal(frames.length, MAX_FRAMES);
  assert.ok(frames.some((f) => f.origin === "https://news.test"));
});

test("the longest names neither break the limit nor push the others out", async () => {
  const long = (i) => `https://${`${i}`.padStart(280, "x")}.crowd.test/`;
  const many = [[0, -1, 5, long("top")]];
  for (let i = 1; i <= 250; i++) many.push([i, 0, 5, long(i)]);
  const b = browser({ tabs: [{ id: 1, frames: many }, { id: 2, frames: [[0, -1, 5, NEWS]] }] });
  const got = await ask(b, golden("renderer.frames", "request", { renderer: 5 }));
  const length = JSON.stringify(got).length;
  assert.ok(length <= 128 << 10, `${length} bytes`); // what the program takes
  assert.ok(got.result.frames.length > 150, `${got.result.frames.length} frames`);
  assert.ok(got.result.frames.some((f) => f.origin === "https://news.test"));
});

test("as many frames as may be said are all said", async () => {
  const many = [[0, -1, 5, NEWS]];
  for (let i = 1; i < MAX_FRAMES; i++) many.push([i, 0, 5, NEWS]);
  const { frames } = await whoLivesIn(browser({ tabs: [{ id: 1, frames: many }] }).chrome, new Memory(), 5);
  assert.equal(frames.length, MAX_FRAMES);
});

test("the memory is bounded and forgets the oldest", () => {
  const memory = new Memory();
  memory.see(-1, NEWS); // frames of no process
  memory.see(undefined, NEWS);
  for (let n = 1; n <= MAX_REMEMBERED; n++) memory.see(n, NEWS);
  memory.see(1, FILMS); // seen again: no longer the oldest
  memory.see(MAX_REMEMBERED + 1, NEWS);
  assert.equal(memory.last(1), "http://films.test:8080");
  assert.equal(memory.last(2), "");
  assert.equal(memory.last(-1), "");
});

test("close: the tab that was meant", async () => {
  const b = browser({ tabs: tabs() });
  assert.deepEqual(await ask(b, golden("tab.close")), golden("tab.close", "response"));
  assert.deepEqual(b.calls, [["remove", 101]]);
});

test("close: refused when the tab is no longer the one that was meant", async () => {
  const refused = {
    other_origin: [{ origin: "https://evil.test" }, { origin: "" }, { origin: undefined }, { tab: 103, origin: "" }],
    no_tab: [{ tab: 999 }, { tab: undefined }],
    other_renderer: [{ renderer: 14 }],
  };
  for (const [error, changes] of Object.entries(refused)) {
    for (const change of changes) {
      const b = browser({ tabs: tabs() });
      const got = await ask(b, golden("tab.close", "request", change));
      assert.deepEqual(got, { ...golden("tab.close", "refused"), error: { code: error } }, JSON.stringify(change));
      assert.deepEqual(b.calls, []);
    }
  }
});

test("close: a page rendered ahead does not speak for the tab", async () => {
  const frames = [[7, -1, 12, NEWS, "prerender"], [0, -1, 12, FILMS]];
  const b = browser({ tabs: [{ id: 101, frames }] });
  assert.equal((await ask(b, golden("tab.close"))).error.code, "other_origin");
});

test("close: the browser will not", async () => {
  const b = browser({ tabs: tabs() });
  b.chrome.tabs.remove = async () => {
    throw new Error("Tabs cannot be edited right now");
  };
  assert.equal((await ask(b, golden("tab.close"))).error.code, "failed");
});

test("close: the page asks its visitor first", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const b = browser({ tabs: tabs() });
    b.chrome.tabs.remove = () => new Promise(() => {});
    const answered = ask(b, golden("tab.close"));
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(4_000);
    assert.equal((await answered).error.code, "unanswered");
  } finally {
    mock.timers.reset();
  }
});

test("show: the tab, and its window even if minimised", async () => {
  for (const [state, want] of [["normal", { focused: true }], ["minimized", { state: "normal", focused: true }]]) {
    const b = browser({ windows: [{ id: 1, state }], tabs: tabs() });
    assert.deepEqual(await ask(b, golden("tab.show")), golden("tab.show", "response"));
    assert.deepEqual(b.calls, [["update", 101, { active: true }], ["window", 1, want]]);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Flagged, isUnder, MAX_SITES, Warner } from "../flagged.js";

// storage returns a store that holds what is written, as text, as a browser's does.
function storage(kept = {}) {
  const s = { text: JSON.stringify(kept), writes: 0 };
  s.get = async (key) => ({ [key]: JSON.parse(s.text)[key] });
  s.set = async (what) => ((s.text = JSON.stringify({ ...JSON.parse(s.text), ...what })), s.writes++);
  return s;
}

test("a page belongs to a site by whole labels", () => {
  for (const [origin, site, want] of [
    ["https://films.test", "films.test", true],
    ["http://www.films.test:8080", "films.test", true],
    ["https://evilfilms.test", "films.test", false],
    ["https://films.test.evil.test", "films.test", false],
    ["chrome://films.test", "films.test", false],
    ["http://127.0.0.1:99", "127.0.0.1", true],
    ["http://10.0.0.1", "0.0.1", false],
    ["http://[::1]:8080", "::1", true],
    ["", "films.test", false],
    [undefined, "films.test", false],
  ]) {
    assert.equal(isUnder(origin, site), want, `${origin} ${site}`);
  }
});

test("sites are kept, found again by another worker, and forgotten", async () => {
  const s = storage();
  const list = new Flagged(s);
  assert.equal(await list.add("films.test", 1_000), true);
  assert.equal(await list.add("films.test", 2_000), false); // the program repeats itself
  assert.equal(s.writes, 1);
  const next = new Flagged(s);
  assert.deepEqual(await next.find("https://www.films.test"), { site: "films.test", since: 1_000 });
  assert.equal(await next.find("https://news.test"), undefined);
  assert.equal(await next.remove(["news.test"]), false);
  assert.equal(await next.remove("films.test"), false); // not a list
  assert.equal(await next.remove(["films.test"]), true);
  assert.equal(await new Flagged(s).find("https://films.test"), undefined);
});

test("the list is bounded, and nonsense does not enter it", async () => {
  const s = storage({ flagged: [["old.test", 1], "x", ["<b>", 1], ["bad.test", "yesterday"], null] });
  const list = new Flagged(s);
  assert.deepEqual(await list.find("https://old.test"), { site: "old.test", since: 1 });
  assert.equal(await list.find("https://bad.test"), undefined);
  for (const bad of ["<b>", "a b", "A.test", "", undefined, 7, "x".repeat(254), "a/b", "https://a.test"]) {
    assert.equal(await list.add(bad), false, String(bad));
  }
  for (let i = 0; i < MAX_SITES; i++) await list.add(`s${i}.test`, i);
  assert.equal(await list.find("https://old.test"), undefined);
  assert.equal(JSON.parse(s.text).flagged.length, MAX_SITES);
  assert.equal((await list.find("https://s0.test")).site, "s0.test");
});

test("a store that fails warns of nothing", async () => {
  const list = new Flagged({ get: async () => { throw new Error("broken"); }, set: async () => {} });
  assert.equal(await list.find("https://films.test"), undefined);
});

// toolbar returns a browser with nothing but a button.
function toolbar() {
  const said = [];
  const note = (what) => async ({ tabId, text, title }) => {
    if (tabId === 9) throw new Error("No tab with id: 9.");
    said.push([what, tabId, text ?? title]);
  };
  return {
    said,
    chrome: {
      action: { setBadgeText: note("badge"), setTitle: note("title"), setBadgeBackgroundColor: async () => {} },
      i18n: { getMessage: (name, parts = []) => [name, ...parts].join(" ") },
    },
  };
}

test("a return is marked once a visit, in the tab alone", async () => {
  const { chrome, said } = toolbar();
  const list = new Flagged(storage());
  await list.add("films.test");
  const warner = new Warner(chrome, list);
  const go = (url, more = {}) => warner.visited({ tabId: 3, frameId: 0, url, ...more });
  await go("https://news.test/");
  await go("https://films.test/", { frameId: 7 }); // a frame is not a visit
  await go("https://films.test/", { documentLifecycle: "prerender" }); // nor is a page nobody opened
  assert.deepEqual(said, []);
  const mark = [["badge", 3, "!"], ["title", 3, "titleFlagged films.test"]];
  await go("https://www.films.test/a?q");
  assert.deepEqual(said.splice(0), mark);
  await warner.looked(3, "films.test");
  assert.deepEqual(said.splice(0), [["badge", 3, ""], ["title", 3, "title"]]);
  await go("https://films.test/b"); // the same visit, and it has been seen
  assert.deepEqual(said, []);
  await go("https://news.test/");
  await go("https://films.test/");
  assert.deepEqual(said.splice(0), mark);
  await warner.visited({ tabId: 9, frameId: 0, url: "https://films.test/" }); // gone already
});

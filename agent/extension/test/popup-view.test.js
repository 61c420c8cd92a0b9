import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { curveOf, hostOf, lengthOf, markOf, nameOf, percent, ranked, short, topOf, wellFormed } from "../popup-view.js";
import { golden } from "./browser.js";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const languages = readdirSync(new URL("../_locales/", import.meta.url));
const messages = Object.fromEntries(languages.map((l) => [l, JSON.parse(read(`_locales/${l}/messages.json`))]));

// speak returns what the browser's own i18n does with a language's messages.
const speak = (lang) => (name, parts = []) =>
  (messages[lang][name]?.message ?? "").replace(/\$(\d)/g, (_, n) => parts[n - 1] ?? "");
const say = speak("en");

test("a row is named no surer than what is known", () => {
  for (const [row, want] of [
    [{ origins: ["https://films.test"], tops: ["https://films.test"] }, "films.test"],
    [{ origins: ["http://films.test:8080"], tops: ["https://news.test"] }, "films.test:8080, inside a page of news.test"],
    [{ origins: ["https://a.test", "https://b.test"], tops: [] }, "One of: a.test, b.test"],
    [{ origins: ["a", "b", "c", "d"].map((x) => `https://${x}.test`) }, "One of: a.test, b.test, c.test …"],
    [{ last: "https://films.test" }, "Probably films.test"],
    [{}, "A tab that cannot be seen here (private window or another profile)"],
  ]) assert.equal(nameOf(say, row), want);
  assert.equal(hostOf("file://"), "file://");
});

test("marks are words, and calm ones are not alerts", () => {
  assert.deepEqual(markOf(say, { state: "watching", severity: "" }), { text: "", kind: "" });
  assert.deepEqual(markOf(say, { state: "cleared", severity: "mining_like" }), { text: "", kind: "" });
  assert.equal(markOf(say, { state: "suspected", severity: "mining_like", alert: "1" }).kind, "alert");
  assert.equal(markOf(say, { state: "suspected", severity: "heavy", alert: "1" }).kind, "heavy");
  assert.deepEqual(markOf(say, { state: "suspected", severity: "mining_like", allowed: true }), { text: "✓ You allowed this site", kind: "calm" });
  const later = markOf(say, { state: "suspected", severity: "mining_like", alert: "1", snoozed: true });
  assert.match(later.text, /again later/);
  assert.equal(later.kind, "alert calm");
});

test("figures as people read them", () => {
  assert.equal(lengthOf(say, 1), "1 second");
  assert.equal(lengthOf(say, 119.4), "119 seconds");
  assert.equal(lengthOf(say, 150), "3 minutes");
  assert.equal(lengthOf(say, 7_300), "2 hours");
  assert.equal(percent("en", 49.4), "49%");
  assert.equal(percent("en", 0.4), "< 1%");
  for (const [x, want] of [[0, "0%"], [NaN, "0%"], [-3, "0%"], [1e9, "100%"], [undefined, "0%"]]) {
    assert.equal(percent("en", x), want);
  }
});

test("a curve ends at the right edge and stays in its box", () => {
  assert.equal(curveOf([], 100), "");
  assert.equal(curveOf([100], 100), "M59,4.0L60,4.0");
  assert.equal(curveOf([0, 50, 900], 100), "M57,100.0L58,52.0L59,4.0L60,4.0");
  assert.ok(curveOf(Array(500).fill(1), 100).startsWith("M0,"));
  assert.equal(curveOf([NaN, 100], 100), "M59,4.0L60,4.0");
  assert.equal(topOf([]), 100);
  assert.equal(topOf([{ samples: [12] }, { samples: [101, 230] }]), 300);
});

test("what the program says is taken apart with care", () => {
  const [first, second] = wellFormed(golden("popup.load", "response").result.tabs);
  assert.equal(first.alert, "20260101T120000-1");
  assert.deepEqual([first.canAllow, first.machine, second.alert, second.why.length, second.allowed], [true, 49, "", 0, true]);
  for (const bad of [undefined, null, "x", {}]) assert.deepEqual(wellFormed(bad), []);
  const [odd] = wellFormed([{ cores: "9", samples: ["x", -4, 7], why: [1, "a".repeat(5_000)], alert: {}, can_allow: "yes" }]);
  assert.deepEqual([odd.cores, odd.samples, odd.why[0].length, odd.alert, odd.canAllow], [0, [0, 0, 7], 300, "", false]);
});

test("every language has every message, with the same places in it", () => {
  const { en, ...others } = messages;
  assert.ok(Object.keys(others).length > 0, "there are no translations");
  for (const [lang, all] of Object.entries(others)) assert.deepEqual(Object.keys(all).sort(), Object.keys(en).sort(), lang);
  for (const [name, { message, description }] of Object.entries(en)) {
    assert.ok(description?.length > 5, `${name} has no description for the translator`);
    const places = (text) => [...text.matchAll(/\$\d/g)].map(([p]) => p).sort();
    for (const [lang, all] of Object.entries(others)) {
      assert.deepEqual(places(all[name].message), places(message), `${lang}: ${name}`);
      assert.ok(name === "listSeparator" || all[name].message !== message, `${lang}: ${name} is not translated`);
    }
  }
  for (const m of Object.values(messages)) assert.ok(m.description.message.length <= 132);
});

test("every message that is used exists, and every one that exists is used", () => {
  const code = ["popup.js", "popup-card.js", "popup-view.js", "flagged.js", "popup-router.js", "manifest.chromium.json"].map(read).join("\n");
  const known = Object.keys(messages.en);
  for (const [, name] of code.matchAll(/(?:say|getMessage)\("([a-zA-Z_0-9]+)"/g)) assert.ok(known.includes(name), name);
  const built = /^(error_|(no_program|no_agent|old_program|old_extension)_(title|why|step[12])$|(show|close)Tab$|seconds?$)/;
  for (const [, state] of read("port.js").matchAll(/"((?:no|old)_(?!answer)[a-z]+)"/g)) assert.ok(known.includes(`${state}_title`), state);
  for (const name of known) assert.ok(built.test(name) || code.includes(`"${name}"`) || code.includes(`__MSG_${name}__`), `${name} is not used`);
});

test("nothing in the window is written as markup, and nothing comes from elsewhere", () => {
  const code = ["popup.js", "popup-card.js", "popup-view.js"].map(read).join("\n");
  assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
  const page = read("popup.html");
  assert.doesNotMatch(page, /\son\w+=|style=|src="(?!icons\/|popup\.js)|<script>/);
  assert.doesNotMatch(read("popup.css"), /url\(|@import/);
});

test("what an alert is about stands first, then what else was judged, then what uses most", () => {
  const rows = [{ machine: 9, why: [] }, { machine: 60, why: [] }, { machine: 7, why: ["x"] }, { machine: 5, why: [], alert: "x-1" }];
  assert.deepEqual(ranked(rows).map((r) => r.machine), [5, 7, 60, 9]);
});

test("a long name keeps its end, where its owner stands", () => {
  assert.equal(short("a.test"), "a.test");
  const cut = short(`paypal.com.${"x".repeat(60)}.evil.test`);
  assert.ok(cut.startsWith("…x") && cut.endsWith(".evil.test") && cut.length === 60, cut);
});

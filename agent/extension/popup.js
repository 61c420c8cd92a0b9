// The extension's window: which tabs use the processor now, why one is watched, and what a person may do about it.
// Every text goes into the page as text, never as markup.

import { isFirefox } from "./firefox.js";
import { Card } from "./popup-card.js";
import { percent, ranked, short, topOf, wellFormed } from "./popup-view.js";

// EVERY is how long to wait after one look before the next, in milliseconds.
const EVERY = 1_000;

// UNSEEN is from which share, in percent of the computer, what has no name is told of: below, it is mostly this window.
const UNSEEN = 20;

// LASTS is in how many looks in a row that must be so: a window that has just been opened is busy itself.
const LASTS = 3;

/** @type {Say} */
const say = (name, parts) => chrome.i18n.getMessage(name, parts);
const language = say("language");
/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);
/** @type {Map<number, Card>} */
const cards = new Map(); // renderer -> Card
let unseenFor = 0; // looks in a row
let checkable = false; // the browser can be asked to let names be double-checked

// put writes a text only when it changed: a screen reader says what changes.
/** @param {Element} node @param {string} text */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {string} text */
function announce(text) {
  put($("said"), text);
}

/** @param {Params} message @returns {Promise<Params>} */
async function request(message) {
  try {
    return (await chrome.runtime.sendMessage(message)) ?? { error: "failed" };
  } catch {
    return { error: "failed" };
  }
}

// act does what a button of a card asks for and says what came of it.
/** @param {Params} message @param {string} done @returns {Promise<void>} */
async function act(message, done) {
  const got = await request(message);
  const name = got.error ? `error_${got.error}` : done;
  announce(say(name) || say("error_failed"));
  if (message.type === "show" && !got.error) return window.close(); // it would hang over the tab, without the keyboard
  await look();
}

// look asks once and shows what is there. Cards keep their places while the window is open, so that no button moves
// away under a finger; what is no longer busy stays, switched off, until nothing is below it.
async function look() {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  const view = await request({ type: "view", lang: language, tab: tab?.id });
  warn(view.here);
  away(view.state);
  const rows = wellFormed(view.tabs);
  const top = topOf(rows);
  const there = new Set();
  for (const row of ranked(rows)) {
    there.add(row.renderer);
    let card = cards.get(row.renderer);
    if (!card) {
      card = new Card(say, language, act);
      cards.set(row.renderer, card);
      $("tabs").append(card.element);
    }
    card.show(row, top);
  }
  for (const [renderer, card] of cards) if (!there.has(renderer)) card.quiet();
  for (const [renderer, card] of [...cards].reverse()) {
    if (!card.over) break;
    card.element.remove();
    cards.delete(renderer);
  }
  const ok = view.state === "ok";
  put($("state"), ok && there.size === 0 ? say("nothing") : "");
  put($("machine"), ok ? say("machine", [percent(language, view.machine)]) : "");
  $("more").hidden = !(view.more > 0);
  put($("more"), view.more > 0 ? say("more", [String(view.more)]) : "");
  $("check").hidden = !(ok && checkable && there.size > 0);
  unseenFor = view.unseen >= UNSEEN ? unseenFor + 1 : 0;
  $("unseen").hidden = unseenFor < LASTS;
  put($("unseen"), unseenFor < LASTS ? "" : say("unseenRest", [percent(language, view.unseen)]));
}

// MEASURING is what the browser asks the person for, so that the program can measure where pages live (step.js). Firefox
// has given it already.
/** @type {chrome.permissions.Permissions} */
const MEASURING = { permissions: ["scripting"], origins: ["<all_urls>"] };

async function offer() {
  checkable = !isFirefox(chrome) && !(await chrome.permissions.contains(MEASURING).catch(() => true));
}

let forgets = "";

/** @param {FlaggedSite | undefined} here */
function warn(here) {
  $("here").hidden = !here;
  if (!here) return;
  forgets = here.site;
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(here.since));
  put($("here-text"), say("here", [short(here.site), day]));
  put($("forget"), say("forget"));
}

// away says how to get what is missing.
/** @param {string | undefined} state */
function away(state) {
  const missing = state === "ok" || state === undefined ? "" : state;
  $("away").hidden = !missing;
  $("tabs").hidden = Boolean(missing);
  if (!missing) return;
  put($("away-title"), say(`${missing}_title`));
  put($("away-why"), say(`${missing}_why`));
  put($("away-link"), say("away_link"));
  const steps = [`${missing}_step1`, `${missing}_step2`].map((name) => say(name)).filter(Boolean);
  if ($("away-steps").childElementCount === steps.length) return;
  $("away-steps").replaceChildren(
    ...steps.map((text) => {
      const step = document.createElement("li");
      const [before, command, after] = text.split("`");
      step.append(before);
      if (command) {
        const code = document.createElement("code");
        code.textContent = command;
        step.append(code, after ?? "");
      }
      return step;
    }),
  );
}

// Where there is no translation the texts are English, whatever the browser's own language.
document.documentElement.lang = say("language");
put($("state"), say("looking"));
$("tabs").setAttribute("aria-label", say("tabs"));
$("forget").addEventListener("click", async () => {
  await act({ type: "forget", site: forgets }, "forgot");
});

put($("check-why"), say("checkNamesWhy"));
put($("check-names"), say("checkNames"));
$("check-names").addEventListener("click", async () => {
  if (await chrome.permissions.request(MEASURING).catch(() => false)) announce(say("checksNames"));
  await offer();
  $("check").hidden = !checkable;
});
offer();

async function watch() {
  try {
    await look();
  } finally {
    setTimeout(watch, EVERY);
  }
}
watch();

// One busy tab in the extension's window.

import { SPAN, curveOf, hostOf, lengthOf, markOf, nameOf, percent, short } from "./popup-view.js";

const SVG = "http://www.w3.org/2000/svg";
let count = 0;

// LINGERS is for how many looks a card stays after its tab has become quiet.
const LINGERS = 5;

// element returns a new element of a kind with a class.
/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} kind
 * @param {string} name
 * @returns {HTMLElementTagNameMap[K]}
 */
function element(kind, name = "") {
  const e = document.createElement(kind);
  if (name) e.className = name;
  return e;
}

/** @param {Element} node @param {string} text */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @typedef {Record<"name" | "share" | "mark" | "length" | "axis" | "summary" | "reasons" | "actions" | "places" | "judge", HTMLElement>
 *   & Record<"allow" | "later" | "back", HTMLButtonElement>
 *   & {curve: SVGElement, path: SVGElement, details: HTMLDetailsElement}} Parts
 */

// Card is one line of the list. act(message, done) does what a button asks for and says so.
export class Card {
  #say;
  #language;
  #act;
  /** @type {Parts} */
  #parts;
  /** @type {Row | undefined} */
  #row;
  #places = ""; // the tabs that buttons stand for now
  #why = "";
  #on = true; // whether its buttons do anything
  #quietFor = 0; // looks in a row

  /**
   * @param {Say} say
   * @param {string} language
   * @param {(message: Params, done: string) => Promise<void>} act
   */
  constructor(say, language, act) {
    this.#say = say;
    this.#language = language;
    this.#act = act;
    this.element = element("li", "tab");
    const p = /** @type {Parts} */ ({});
    this.#parts = p;
    const head = element("div", "head");
    p.name = element("h2", "name");
    p.name.id = `name-${++count}`;
    p.name.tabIndex = -1; // where the keyboard goes when the button it was on is gone
    p.share = element("span", "share");
    head.append(p.name, p.share);
    p.mark = element("p", "mark");
    p.length = element("p", "soft length");
    p.curve = document.createElementNS(SVG, "svg");
    p.curve.setAttribute("class", "curve");
    p.curve.setAttribute("role", "img");
    p.curve.setAttribute("viewBox", `0 0 ${SPAN} 100`);
    p.curve.setAttribute("preserveAspectRatio", "none");
    p.path = document.createElementNS(SVG, "path");
    p.curve.append(p.path);
    p.axis = element("p", "axis");
    p.axis.setAttribute("aria-hidden", "true"); // the curve's own name says it
    for (const end of ["minuteAgo", "now"]) {
      const e = element("span");
      e.textContent = say(end);
      p.axis.append(e);
    }
    p.details = element("details");
    p.summary = element("summary");
    p.reasons = element("ul");
    p.details.append(p.summary, p.reasons);
    p.actions = element("div", "actions");
    p.places = element("div", "places");
    p.judge = element("div", "buttons");
    p.allow = this.#button("allow", () => ({ type: "allow", alert: this.#row?.alert }), "allowed");
    p.later = this.#button("askLater", () => ({ type: "snooze", alert: this.#row?.alert }), "snoozed");
    p.back = this.#button("disallow", () => ({ type: "disallow", renderer: this.#row?.renderer }), "disallowed");
    p.judge.append(p.allow, p.later, p.back);
    p.actions.append(p.places, p.judge);
    this.element.setAttribute("aria-labelledby", p.name.id);
    this.element.append(head, p.mark, p.length, p.curve, p.axis, p.details, p.actions);
  }

  // show writes what is known now. top is the height of the curve, in hundredths of a core.
  /** @param {Row} row @param {number} top */
  show(row, top) {
    this.#keepFocus(() => this.#show(row, top));
  }

  /** @param {Row} row @param {number} top */
  #show(row, top) {
    if (!this.#row) this.#parts.details.open = Boolean(row.alert); // the reason is what a person asks for first
    this.#row = row;
    this.#quietFor = 0;
    const p = this.#parts;
    const say = this.#say;
    const name = nameOf(say, row);
    put(p.name, name);
    put(p.share, say("share", [percent(this.#language, row.machine)]));
    const mark = markOf(say, row);
    put(p.mark, mark.text);
    p.mark.hidden = !mark.text;
    p.mark.className = `mark ${mark.kind}`;
    this.element.classList.toggle("alert", mark.kind === "alert");
    put(p.length, row.busy >= 1 ? say("busyFor", [lengthOf(say, row.busy)]) : say("justNow"));
    p.path.setAttribute("d", curveOf(row.samples, top));
    const perCore = row.cores > 0 ? row.machine / row.cores : 0;
    const shares = row.samples.map((s) => (s / 100) * perCore);
    const [least, most] = shares.length > 0 ? [Math.min(...shares), Math.max(...shares)] : [0, 0];
    p.curve.setAttribute("aria-label",
      say("curve", [percent(this.#language, least), percent(this.#language, most)]));
    this.#reasons(row);
    this.#tabs(row);
    p.allow.hidden = !(row.alert && row.canAllow);
    p.later.hidden = !row.alert || row.snoozed;
    p.back.hidden = !row.allowed;
    p.judge.hidden = p.allow.hidden && p.later.hidden && p.back.hidden;
    for (const b of [p.allow, p.later, p.back]) b.setAttribute("aria-label", `${b.textContent}: ${name}`);
    this.#enable(true);
  }

  // over reports that the card has been quiet for a while and that nobody is at it.
  get over() {
    return this.#quietFor > LINGERS && !this.element.contains(document.activeElement) && !this.element.matches(":hover");
  }

  // quiet is for a tab that is not busy any more, or is gone.
  quiet() {
    this.#quietFor++;
    if (this.#row) this.#keepFocus(() => this.#quiet());
  }

  #quiet() {
    const p = this.#parts;
    put(p.share, "");
    put(p.length, this.#say("quiet"));
    p.mark.hidden = true;
    p.details.hidden = true;
    this.element.classList.remove("alert");
    p.path.setAttribute("d", "");
    p.curve.setAttribute("aria-label", this.#say("quiet"));
    this.#enable(false);
  }

  /** @param {Row} row */
  #reasons({ why }) {
    const p = this.#parts;
    p.details.hidden = why.length === 0;
    if (why.join("\n") === this.#why) return;
    this.#why = why.join("\n");
    put(p.summary, this.#say("why"));
    p.reasons.replaceChildren(
      ...why.map((text) => {
        const li = element("li");
        li.textContent = text;
        return li;
      }),
    );
  }

  // #tabs rebuilds the buttons of the tabs when the tabs changed: a button must never come to mean another tab.
  /** @param {Row} row */
  #tabs({ tabs, renderer }) {
    const key = JSON.stringify(tabs.map((t) => [t.tab, t.origin]));
    if (key === this.#places) return;
    this.#places = key;
    this.#parts.actions.classList.toggle("single", tabs.length < 2); // all its buttons stand in one row then
    this.#parts.places.replaceChildren(
      ...tabs.filter((t) => t.origin).map(({ tab, origin }) => {
        const place = element("div", "place");
        const host = short(hostOf(origin));
        if (tabs.length > 1) {
          const which = element("span", "soft");
          which.textContent = host;
          place.append(which);
        }
        const row = element("div", "buttons");
        for (const [kind, done] of [["show", "shown"], ["close", "closed"]]) {
          const b = this.#button(`${kind}Tab`, () => ({ type: kind, tab, origin, renderer }), done);
          b.setAttribute("aria-label", `${b.textContent}: ${host}`);
          row.append(b);
        }
        place.append(row);
        return place;
      }),
    );
  }

  /** @param {string} name @param {() => Params} message @param {string} done */
  #button(name, message, done) {
    const b = element("button");
    b.type = "button";
    b.textContent = this.#say(name);
    let busy = false;
    b.addEventListener("click", async () => {
      if (busy || !this.#on) return;
      busy = true;
      try {
        await this.#act(message(), done);
      } finally {
        busy = false;
      }
    });
    return b;
  }

  // #enable does not use the attribute that browsers have for it: it would take the keyboard's focus away.
  /** @param {boolean} on */
  #enable(on) {
    this.#on = on;
    for (const b of this.element.querySelectorAll("button")) {
      if (on) b.removeAttribute("aria-disabled");
      else b.setAttribute("aria-disabled", "true");
    }
  }

  // #keepFocus changes the card. Where that takes away what has the keyboard, the card's name has it then: the person
  // goes on from there, not from the top of the window.
  /** @param {() => void} change */
  #keepFocus(change) {
    const held = this.element.contains(document.activeElement) ? document.activeElement : undefined;
    change();
    if (held && (!held.isConnected || held.closest("[hidden]"))) this.#parts.name.focus();
  }
}

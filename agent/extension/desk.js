// What the extension's own window (popup.js) may ask of its worker.

import { act } from "./actions.js";
import { whoLivesIn } from "./frames.js";
import { isUnder } from "./flagged.js";
import { originOf } from "./origin.js";

// PATIENCE is how long the program may take to answer a wish, in milliseconds.
const PATIENCE = 2_000;

// LATER is for how many seconds "ask again later" keeps an alert quiet, as in the tray.
const LATER = 3_600;

// MAX_WAITING bounds the wishes that have no answer yet; MAX_TABS the rows taken from one answer.
const MAX_WAITING = 8;
const MAX_TABS = 16;

// Desk answers the window. line is what keepLine returns.
export class Desk {
  #chrome;
  #memory;
  #finder;
  #flagged;
  #warner;
  #line;
  #lastId = 0;
  #waiting = new Map(); // id -> resolve

  constructor(chrome, memory, finder, flagged, warner) {
    this.#chrome = chrome;
    this.#memory = memory;
    this.#finder = finder;
    this.#flagged = flagged;
    this.#warner = warner;
  }

  // use takes the line to the program.
  use(line) {
    this.#line = line;
  }

  // told takes what the program says without having asked.
  async told(message) {
    switch (message.type) {
      case "load":
      case "acted":
        this.#waiting.get(message.id)?.(message);
        break;
      case "flagged":
        await this.#flag(message);
        break;
      case "unflagged":
        await this.#flagged.remove(message.sites);
        break;
    }
  }

  // listen answers the window, and nobody else: a page or another extension has no say here.
  listen() {
    const window = this.#chrome.runtime.getURL("popup.html");
    this.#chrome.runtime.onMessage.addListener((wish, sender, reply) => {
      if (sender.id !== this.#chrome.runtime.id || sender.url?.split(/[?#]/)[0] !== window) return false;
      this.answer(wish).then(reply, () => reply({ error: "failed" }));
      return true; // the reply comes later
    });
  }

  // answer does what the window wants.
  async answer(wish) {
    switch (wish?.type) {
      case "view":
        return this.#view(wish);
      case "close":
      case "show": {
        const { type, tab, origin, renderer } = wish;
        const error = await act(this.#chrome, { type, tab, origin, renderer }, this.#finder);
        return error ? { error } : { ok: true };
      }
      case "allow":
      case "snooze": {
        const said = await this.#ask({ type: wish.type, alert: wish.alert, ...(wish.type === "snooze" && { for_s: LATER }) });
        return said?.ok ? { ok: true } : { error: said ? "refused" : "no_answer" };
      }
      case "disallow": {
        const said = await this.#ask({ type: "disallow", renderer: wish.renderer });
        return said?.ok ? { ok: true } : { error: said ? "refused" : "no_answer" };
      }
      case "forget":
        await this.#flagged.remove([wish.site]);
        return { ok: true };
      default:
        return { error: "failed" };
    }
  }

  // #view returns {state, machine, more, unseen, tabs, here}: state is "ok", "no_program" or "no_agent". unseen is the
  // share, in percent of the computer, of what has no name here and nothing against it: processes of extensions, of the
  // window itself too, of other profiles and of private windows. There is nothing to be done about any of them here.
  async #view({ lang, tab }) {
    const [load, here] = await Promise.all([this.#ask({ type: "load", ...(lang === "ja" && { lang }) }), this.#here(tab)]);
    if (!load) return { state: this.#line?.open() ? "no_agent" : "no_program", tabs: [], ...(here && { here }) };
    const rows = (Array.isArray(load.tabs) ? load.tabs : []).slice(0, MAX_TABS);
    const named = (await Promise.all(rows.map((row) => this.#named(row)))).filter(Boolean);
    const matters = (r) => r.origins.length > 0 || r.last || r.alert || r.state === "suspected";
    const unseen = named.filter((r) => !matters(r)).reduce((sum, r) => sum + (r.machine_percent || 0), 0);
    return {
      state: "ok", machine: load.machine_percent ?? 0, more: load.more ?? 0, unseen, tabs: named.filter(matters), ...(here && { here }),
    };
  }

  // #named adds to what the program knows of a renderer who lives there. Its own window is nobody's concern.
  async #named(row) {
    const { frames, last } = await whoLivesIn(this.#chrome, this.#memory, row.renderer, this.#finder);
    const own = this.#chrome.runtime.getURL("").replace(/\/$/, "");
    if (frames.length > 0 && frames.every((f) => f.origin === own)) return undefined;
    const tabs = new Map();
    for (const f of frames) if (!tabs.has(f.tab)) tabs.set(f.tab, { tab: f.tab, origin: f.top, hidden: f.hidden });
    const origins = [...new Set(frames.map((f) => f.origin || f.top))];
    const tops = [...new Set(frames.map((f) => f.top))];
    return { ...row, origins: origins.filter(Boolean), tops: tops.filter(Boolean), last, tabs: [...tabs.values()] };
  }

  // #here returns the flagged site that the person is on, and takes the badge for it away: it has been seen.
  async #here(tab) {
    if (!Number.isSafeInteger(tab)) return undefined;
    let frame;
    try {
      frame = await this.#chrome.webNavigation.getFrame({ tabId: tab, frameId: 0 });
    } catch {
      return undefined;
    }
    const found = await this.#flagged.find(originOf(frame?.url));
    if (found) await this.#warner.looked(tab, found.site);
    return found;
  }

  // #ask sends a wish and returns what the program says to it, or undefined if it says nothing.
  async #ask(wish) {
    if (!this.#line || this.#waiting.size >= MAX_WAITING) return undefined;
    const id = ++this.#lastId;
    let timer;
    const said = new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      timer = setTimeout(resolve, PATIENCE);
      if (!this.#line.say({ ...wish, id })) resolve();
    });
    return said.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }

  // #flag notes a site, if this profile is the one that has it open, and not in a private window: the program tells
  // every profile of the browser.
  async #flag({ renderer, sites }) {
    const site = Array.isArray(sites) ? sites[0] : undefined;
    if (!(renderer > 0) || typeof site !== "string") return;
    const { frames } = await whoLivesIn(this.#chrome, this.#memory, renderer, this.#finder);
    for (const f of frames) {
      if (!isUnder(f.origin, site) && !isUnder(f.top, site)) continue;
      const tab = await this.#chrome.tabs.get(f.tab).catch(() => undefined);
      if (!tab || tab.incognito) continue;
      await this.#flagged.add(site);
      return;
    }
  }
}

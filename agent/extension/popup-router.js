// Routes the requests of the extension's own window (popup.js): to the agent, or to what the extension itself knows.

import { act } from "./actions.js";
import { whoLivesIn } from "./frames.js";
import { isUnder } from "./flagged.js";
import { originOf } from "./origin.js";

/**
 * @import { Finder } from "./finder.js"
 * @import { Flagged, Warner } from "./flagged.js"
 * @import { Memory } from "./frames.js"
 */

// PATIENCE is how long the program may take to answer a popup request, in milliseconds.
const PATIENCE = 2_000;

// LATER is for how many seconds "ask again later" keeps an alert quiet, as in the tray.
const LATER = 3_600;

// MAX_TABS bounds the rows taken from one result.
const MAX_TABS = 16;

// PopupRouter answers the window. line is what keepLine returns.
export class PopupRouter {
  #chrome;
  #memory;
  #finder;
  #flagged;
  #warner;
  /** @type {Line | undefined} */
  #line;

  /**
   * @param {Chrome} chrome
   * @param {Memory} memory
   * @param {Finder} finder
   * @param {Flagged} flagged
   * @param {Warner} warner
   */
  constructor(chrome, memory, finder, flagged, warner) {
    this.#chrome = chrome;
    this.#memory = memory;
    this.#finder = finder;
    this.#flagged = flagged;
    this.#warner = warner;
  }

  // use takes the line to the program.
  /** @param {Line} line */
  use(line) {
    this.#line = line;
  }

  // events returns the table of events for a Conversation.
  /** @returns {Methods} */
  events() {
    return {
      "site.flagged": (params) => this.#flag(params),
      "sites.unflagged": ({ sites }) => this.#flagged.remove(sites),
    };
  }

  // listen answers the window, and nobody else: a page or another extension has no say here.
  listen() {
    const window = this.#chrome.runtime.getURL("popup.html");
    this.#chrome.runtime.onMessage.addListener((request, sender, reply) => {
      if (sender.id !== this.#chrome.runtime.id || sender.url?.split(/[?#]/)[0] !== window) return false;
      this.answer(request).then(reply, () => reply({ error: "failed" }));
      return true; // the reply comes later
    });
  }

  // answer does what the window asks for.
  /** @param {any} request @returns {Promise<Params>} */
  async answer(request) {
    switch (request?.type) {
      case "view":
        return this.#view(request);
      case "close":
      case "show": {
        const error = await act(this.#chrome, request.type, request, this.#finder);
        return error ? { error } : { ok: true };
      }
      case "allow":
        return this.#done("popup.allow", { alert: request.alert });
      case "snooze":
        return this.#done("popup.snooze", { alert: request.alert, for_s: LATER });
      case "disallow":
        return this.#done("popup.disallow", { renderer: request.renderer });
      case "forget":
        await this.#flagged.remove([request.site]);
        return { ok: true };
      default:
        return { error: "failed" };
    }
  }

  // #done has the agent do something and returns what came of it for the window.
  /** @param {string} method @param {Params} params */
  async #done(method, params) {
    try {
      return (await this.#line?.request(method, params, PATIENCE)) ? { ok: true } : { error: "no_answer" };
    } catch (/** @type {any} */ err) {
      return { error: err.code === "no_answer" ? "no_answer" : "refused" };
    }
  }

  // #view returns {state, machine, more, unseen, tabs, here}: state is as keepLine has it. unseen is the
  // share, in percent of the computer, of what has no name here and nothing against it: processes of extensions, of the
  // window itself too, of other profiles and of private windows. There is nothing to be done about any of them here.
  /** @param {Params} asked */
  async #view({ lang, tab }) {
    const [load, here] = await Promise.all([this.#load(lang), this.#here(tab)]);
    if (!load) return { state: this.#missing(), tabs: [], ...(here && { here }) };
    const rows = (Array.isArray(load.tabs) ? load.tabs : []).slice(0, MAX_TABS);
    const named = (await Promise.all(rows.map((row) => this.#named(row)))).filter((row) => row !== undefined);
    /** @param {Params} r */
    const matters = (r) => r.origins.length > 0 || r.last || r.alert || r.state === "suspected";
    const unseen = named.filter((r) => !matters(r)).reduce((sum, r) => sum + (r.machine_percent || 0), 0);
    return {
      state: "ok", machine: load.machine_percent ?? 0, more: load.more ?? 0, unseen, tabs: named.filter(matters), ...(here && { here }),
    };
  }

  // #named adds the pages to what the program knows of a renderer. The extension's own window is nobody's concern.
  /** @param {Params} row @returns {Promise<Params | undefined>} */
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
  /** @param {any} tab */
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

  // #load returns what the agent measured, or undefined if it says nothing.
  /** @param {any} lang */
  async #load(lang) {
    try {
      return await this.#line?.request("popup.load", /^[a-z]{2,3}$/.test(lang) && lang !== "en" ? { lang } : undefined, PATIENCE);
    } catch {
      return undefined;
    }
  }

  // #missing returns what is missing where the agent says nothing. One that was there a moment ago is silent now.
  #missing() {
    const state = this.#line?.state() ?? "no_program";
    return state === "ok" ? "no_agent" : state;
  }

  // #flag notes a site, if this profile is the one that has it open, and not in a private window: the program tells
  // every profile of the browser.
  /** @param {Params} params */
  async #flag({ renderer, site }) {
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

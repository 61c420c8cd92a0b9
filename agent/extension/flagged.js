// Sites that the program raised an alert about in this browser and that nobody allowed. The list never leaves the
// browser: it is what makes a warning on return possible without telling anyone which pages are visited.

import { originOf } from "./origin.js";

// MAX_SITES bounds the list; the oldest goes first. MAX_SITE is the longest site, as DNS has it.
export const MAX_SITES = 200;
const MAX_SITE = 253;

// MAX_TABS bounds the tabs of which is remembered that the warning was seen.
const MAX_TABS = 256;

// FRESH is how long, in milliseconds, a site just noted is not noted again: the program repeats itself while an alert
// lasts.
const FRESH = 3_600_000;

const KEY = "flagged";

// A site as the program names it: a registrable domain, a single name, or an address.
const SITE = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]+)$/;

// isUnder reports whether a page of this origin belongs to the site.
/** @param {string | undefined} origin @param {string} site */
export function isUnder(origin, site) {
  const host = /^https?:\/\/(.+?)(?::\d+)?$/.exec(origin ?? "")?.[1]?.replace(/^\[(.*)\]$/, "$1");
  return host !== undefined && (host === site || (host.endsWith(`.${site}`) && !/^[\d.]+$/.test(host)));
}

// Flagged is the list, kept in the browser's storage.
export class Flagged {
  #storage;
  /** @type {Map<string, number>} */
  #sites = new Map(); // site -> when, once read
  /** @type {Promise<unknown> | undefined} */
  #reading;

  /** @param {chrome.storage.StorageArea} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  // add notes a site and reports whether that was news.
  /** @param {any} site @param {number} [now] */
  async add(site, now = Date.now()) {
    if (typeof site !== "string" || site.length > MAX_SITE || !SITE.test(site)) return false;
    const sites = await this.#read();
    if (now - (sites.get(site) ?? -Infinity) < FRESH) return false;
    sites.delete(site); // so that the oldest is always the first
    sites.set(site, now);
    for (const oldest of sites.keys()) {
      if (sites.size <= MAX_SITES) break;
      sites.delete(oldest);
    }
    await this.#write();
    return true;
  }

  // remove forgets sites and reports whether any was there.
  /** @param {any} gone */
  async remove(gone) {
    const sites = await this.#read();
    const had = (Array.isArray(gone) ? gone : []).filter((site) => sites.delete(site));
    if (had.length > 0) await this.#write();
    return had.length > 0;
  }

  // find returns {site, since} of the flagged site that a page's origin belongs to, or undefined.
  /** @param {string | undefined} origin @returns {Promise<FlaggedSite | undefined>} */
  async find(origin) {
    for (const [site, since] of await this.#read()) {
      if (isUnder(origin, site)) return { site, since };
    }
    return undefined;
  }

  async #read() {
    this.#reading ??= this.#storage.get(KEY).then(
      (got) => {
        const kept = Array.isArray(got?.[KEY]) ? got[KEY] : [];
        this.#sites = new Map(kept.filter((e) => Array.isArray(e) && SITE.test(e[0]) && Number.isFinite(e[1])));
      },
      () => (this.#sites = new Map()), // a broken profile warns of nothing
    );
    await this.#reading;
    return this.#sites;
  }

  async #write() {
    try {
      await this.#storage.set({ [KEY]: [...this.#sites] });
    } catch (/** @type {any} */ err) {
      console.warn("minewatch: the list of sites could not be kept:", err?.message);
    }
  }
}

// Warner shows on the toolbar that a page belongs to a flagged site. It is a badge and the button's title, not a
// notification: a person who comes back on purpose is not interrupted, and no permission is needed for it.
export class Warner {
  #chrome;
  #flagged;
  /** @type {Map<number, string>} */
  #seen = new Map(); // tab -> site whose warning was seen, until the tab leaves it

  /** @param {Chrome} chrome @param {Flagged} flagged */
  constructor(chrome, flagged) {
    this.#chrome = chrome;
    this.#flagged = flagged;
  }

  // visited looks at the page that a tab has just gone to. Browsers take a tab's badge away with its page.
  /** @param {{tabId: number, frameId: number, url: string, documentLifecycle?: string}} page */
  async visited({ tabId, frameId, url, documentLifecycle = "active" }) {
    if (frameId !== 0 || documentLifecycle !== "active") return;
    const found = await this.#flagged.find(originOf(url));
    if (this.#seen.get(tabId) === found?.site) return; // told once in this visit, or nothing to tell
    this.#seen.delete(tabId);
    if (found) await this.#show(tabId, "!", this.#chrome.i18n.getMessage("titleFlagged", [found.site]));
  }

  // looked is called when the person has seen what the badge is for: it goes, and stays away until the next visit.
  /** @param {number} tabId @param {string} site */
  async looked(tabId, site) {
    this.#seen.delete(tabId);
    this.#seen.set(tabId, site);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_TABS) this.#seen.delete(oldest);
    await this.#show(tabId, "", this.#chrome.i18n.getMessage("title"));
  }

  /** @param {number} tabId @param {string} text @param {string} title */
  async #show(tabId, text, title) {
    const { action } = this.#chrome;
    try {
      await Promise.all([
        action.setBadgeText({ tabId, text }),
        action.setTitle({ tabId, title }),
        ...(text ? [action.setBadgeBackgroundColor({ tabId, color: "#8a5500" })] : []),
      ]);
    } catch {
      // the tab is gone already
    }
  }
}

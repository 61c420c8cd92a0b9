// What the popup says, as plain text: no document in here, so that it can be tested without a browser.

// hostOf returns an origin as people read it: without a scheme for web pages.
/** @param {string} origin */
export function hostOf(origin) {
  return /^https?:\/\/(.+)$/.exec(origin)?.[1] ?? origin;
}

// LONGEST is how many characters of a name are shown.
const LONGEST = 60;

// short returns a host as there is room for it: who owns it stands at its end, so that the beginning is left out.
/** @param {string} host */
export function short(host) {
  return host.length > LONGEST ? `…${host.slice(1 - LONGEST)}` : host;
}

// nameOf returns who a row is about, no surer than what is known.
/** @param {Say} say @param {Partial<Row>} row */
export function nameOf(say, { origins = [], tops = [], last = "" }) {
  const hosts = [...new Set(origins.map(hostOf))].map(short);
  const pages = [...new Set(tops.map(hostOf))].map(short);
  if (hosts.length > 1) return say("oneOf", [hosts.slice(0, 3).join(say("listSeparator")) + (hosts.length > 3 ? " …" : "")]);
  if (hosts.length === 0) return last ? say("probably", [short(hostOf(last))]) : say("unseen");
  if (pages.length === 1 && pages[0] !== hosts[0]) return say("inside", [hosts[0], pages[0]]);
  return hosts[0];
}

// markOf returns the words for what the detector thinks, "" for nothing worth saying, and whether it is an alert.
/** @param {Say} say @param {Partial<Row>} row */
export function markOf(say, { state, severity, snoozed, alert, allowed }) {
  if (allowed) return { text: say("isAllowed"), kind: "calm" };
  if (state !== "suspected" || !severity) return { text: "", kind: "" };
  const text = severity === "mining_like" ? say("looksLikeMining") : say("busyForLong");
  const kind = severity === "mining_like" ? "alert" : "heavy";
  return { text: snoozed ? say("later", [text]) : text, kind: alert && !snoozed ? kind : `${kind} calm` };
}

// lengthOf returns how long a load has lasted.
/** @param {Say} say @param {number} seconds */
export function lengthOf(say, seconds) {
  const s = Math.round(seconds);
  if (s < 120) return say(s === 1 ? "second" : "seconds", [String(s)]);
  if (s < 7_200) return say("minutes", [String(Math.round(s / 60))]);
  return say("hours", [String(Math.round(s / 3_600))]);
}

// percent returns a share of the whole computer. What is less than one percent is said so, not as 0.
/** @param {string} language @param {number} x */
export function percent(language, x) {
  const n = Number.isFinite(x) ? Math.min(100, Math.max(0, x)) : 0;
  if (n > 0 && n < 1) return `< ${new Intl.NumberFormat(language, { style: "percent" }).format(0.01)}`;
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(n / 100);
}

// SPAN is the width of a curve in seconds.
export const SPAN = 60;

// curveOf returns the path of a curve in a box of SPAN by 100, from samples of one second, the newest last and at the
// right edge. top is the height of the box in the samples' unit.
/** @param {number[]} samples @param {number} top */
export function curveOf(samples, top) {
  const shown = samples.filter(Number.isFinite).slice(-SPAN);
  if (shown.length === 0) return "";
  /** @param {number} v */
  const at = (v) => (100 - 96 * Math.min(1, Math.max(0, v / top))).toFixed(1);
  const left = SPAN - shown.length;
  const points = shown.map((v, i) => `${left + i},${at(v)}`);
  points.push(`${SPAN},${at(shown[shown.length - 1])}`);
  return `M${points.join("L")}`;
}

// topOf returns the height that fits all curves alike: whole cores, so that a curve does not jump with each sample.
/** @param {Partial<Row>[]} rows */
export function topOf(rows) {
  const most = Math.max(100, ...rows.flatMap((r) => r.samples ?? []).filter(Number.isFinite));
  return Math.ceil(most / 100) * 100;
}

// ranked returns rows in the order in which they are first shown: what an alert is about, then what else was judged (a
// site that was allowed), then by use. By use alone, a page that is just loading would stand above what has been busy
// for long, and stay there.
/** @param {Row[]} rows */
export function ranked(rows) {
  /** @param {Row} r */
  const weight = (r) => (r.alert ? 2 : Number(r.why?.length > 0));
  return rows.toSorted((a, b) => weight(b) - weight(a) || b.machine - a.machine);
}

// wellFormed returns the rows of a view with every key of the kind it should be: the program is a stranger too.
/** @param {any} rows @returns {Row[]} */
export function wellFormed(rows) {
  /** @param {any} x */
  const number = (x) => (Number.isFinite(x) && x >= 0 ? x : 0);
  /** @param {any} x @param {number} most */
  const text = (x, most) => (typeof x === "string" ? x.slice(0, most) : "");
  return (Array.isArray(rows) ? rows : []).map((r) => ({
    renderer: number(r.renderer), cores: number(r.cores), machine: number(r.machine_percent), busy: number(r.busy_s),
    samples: Array.isArray(r.samples) ? r.samples.slice(-SPAN).map(number) : [],
    state: text(r.state, 20), severity: text(r.severity, 20), alert: text(r.alert, 64),
    canAllow: r.can_allow === true, snoozed: r.snoozed === true, allowed: r.allowed === true,
    why: (Array.isArray(r.why) ? r.why : []).slice(0, 6).map((/** @type {any} */ w) => text(w, 300)).filter(Boolean),
    origins: r.origins ?? [], tops: r.tops ?? [], last: text(r.last, 300), tabs: (r.tabs ?? []).slice(0, 8),
  }));
}

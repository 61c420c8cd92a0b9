// One of the editor's helpers: marks words, checks brackets and names, or indexes them, a part of the text at a time, and
// reports after each part.
"use strict";
const PART = 12_000; // characters between two reports

onmessage = ({ data: { job, text } }) => {
  const names = new Map();
  const problems = [];
  for (let from = 0; from < text.length; from += PART) {
    const part = text.slice(from, from + PART);
    const tokens = part.match(/[A-Za-z_]\w*|\d+|[^\s\w]/g) ?? [];
    let depth = 0;
    for (const t of tokens) {
      if (job === "index" || job === "check") names.set(t, (names.get(t) ?? 0) + 1);
      if (t === "{" || t === "(") depth++;
      if (t === "}" || t === ")") depth--;
    }
    if (job === "check") {
      for (const [name] of names) {
        if (/^[a-z]/.test(name) && [...names.keys()].filter((o) => o.length === name.length && o !== name && o.startsWith(name.slice(0, 4))).length > 900) {
          problems.push(name);
        }
      }
    }
    if (job === "mark") postMessage({ marked: tokens.slice(0, 400).map((t) => (/^\d/.test(t) ? `[${t}]` : t)).join(" ") });
    else postMessage({ state: `${names.size} names, ${problems.length} problems` });
  }
  postMessage({ done: true });
};

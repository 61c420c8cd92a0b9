// A table of numbers and formulas, in which somebody types a new number every second or two.
"use strict";
const ROWS = 220, COLUMNS = 14;
const table = document.getElementById("table");
const line = document.getElementById("line");
const letter = (x) => String.fromCharCode(65 + x);
const texts = []; // what each cell holds: a number, or a formula from =
const shown = []; // its <td>

for (let y = 0; y < ROWS; y++) {
  texts.push(Array.from({ length: COLUMNS }, (_, x) => {
    if (x < 8) return String(Math.round(100 + 900 * Math.random()));
    if (x === 8) return `=SUM(A${y + 1}:H${y + 1})`;
    if (x === 9) return `=I${y + 1}*1.19`;
    if (x === 10) return y ? `=K${y}+I${y + 1}` : "=I1"; // running total
    if (x === 11) return `=AVG(A1:H${y + 1})`;
    if (x === 12) return `=I${y + 1}/AVG(I1:I${ROWS})`;
    return `=DEV(I1:I${y + 1})`;
  }));
}

// value returns what a cell comes to; done holds what was computed before.
function value(x, y, done) {
  const key = y * COLUMNS + x;
  if (done.has(key)) return done.get(key);
  const text = texts[y][x];
  const v = text.startsWith("=") ? formula(text.slice(1), done) : Number(text);
  done.set(key, v);
  return v;
}
function cell(name, done) { return value(name.charCodeAt(0) - 65, Number(name.slice(1)) - 1, done); }
function formula(text, done) {
  const call = /^(SUM|AVG|DEV)\((\w)(\d+):(\w)(\d+)\)$/;
  const range = (what, x0, y0, x1, y1) => {
    let n = 0, sum = 0, squares = 0;
    for (let y = y0 - 1; y < y1; y++) {
      for (let x = x0.charCodeAt(0) - 65; x <= x1.charCodeAt(0) - 65; x++) {
        const v = value(x, y, done);
        n++; sum += v; squares += v * v;
      }
    }
    if (what === "SUM") return sum;
    return what === "AVG" ? sum / n : Math.sqrt(Math.max(squares / n - (sum / n) ** 2, 0));
  };
  let v = null, operator = "+";
  for (const part of text.match(/(?:SUM|AVG|DEV)\([^)]*\)|[A-Z]\d+|[\d.]+|[-+*/]/g)) {
    if (/^[-+*/]$/.test(part)) { operator = part; continue; }
    const m = call.exec(part);
    const n = m ? range(m[1], m[2], Number(m[3]), m[4], Number(m[5])) : /^[A-Z]/.test(part) ? cell(part, done) : Number(part);
    v = v === null ? n : { "+": v + n, "-": v - n, "*": v * n, "/": v / n }[operator];
  }
  return v;
}
function recompute() {
  const done = new Map();
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS; x++) {
      const text = value(x, y, done).toLocaleString("en", { maximumFractionDigits: 2 });
      if (shown[y][x].textContent !== text) shown[y][x].textContent = text;
    }
  }
}
function build() {
  const top = table.insertRow();
  for (let x = -1; x < COLUMNS; x++) top.append(Object.assign(document.createElement("th"), { textContent: x < 0 ? "" : letter(x) }));
  for (let y = 0; y < ROWS; y++) {
    const row = table.insertRow();
    row.append(Object.assign(document.createElement("th"), { textContent: y + 1 }));
    shown.push(Array.from({ length: COLUMNS }, (_, x) => Object.assign(row.insertCell(), { className: x < 8 ? "" : "sum" })));
  }
}
async function edit() {
  const x = Math.floor(8 * Math.random()), y = Math.floor(24 * Math.random());
  const typed = String(Math.round(100 + 900 * Math.random()));
  shown[y][x].className = "edit";
  for (let i = 1; i <= typed.length; i++) {
    texts[y][x] = typed.slice(0, i);
    line.textContent = `${letter(x)}${y + 1}  ${texts[y][x]}`;
    recompute();
    await Work.rest(120);
  }
  shown[y][x].className = "";
}
build();
recompute();
(async () => {
  Work.begin();
  for (;;) {
    await edit();
    await Work.rest(Work.between(600, 1600));
  }
})();

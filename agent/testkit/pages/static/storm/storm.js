// A site of heavy pages that somebody clicks through: each parses much text, builds a long table, lays it out, and goes to
// the next after two to four seconds. Where the clicking began is kept for the tab, so that it ends for good.
"use strict";
const query = new URLSearchParams(location.search);
const n = Number(query.get("page") ?? 0);
if (n === 0) sessionStorage.setItem("began", Date.now());
const began = Number(sessionStorage.getItem("began"));
const over = () => Date.now() - began >= 1000 * Work.seconds || n >= 90;
const PLACES = ["Harbour", "Mill", "Old Market", "Station", "North Gate", "Hospital", "School", "Ferry", "Quarry", "Park"];

function trains() {
  const list = Array.from({ length: 30000 }, (_, i) => ({
    number: 100 + i, from: PLACES[(i * 7 + n) % 10], to: PLACES[(i * 3 + n + 1) % 10], at: (i * 37 + 11 * n) % 1440,
    late: i % 9 === 0 ? i % 25 : 0, stops: Array.from({ length: 8 }, (_, j) => ({ place: PLACES[(i + j) % 10], at: i + 4 * j })),
  }));
  return JSON.parse(JSON.stringify({ list })).list; // as if it had come from the server
}
function clock(minutes) { return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`; }
function build() {
  const all = trains().sort((a, b) => a.at - b.at || a.to.localeCompare(b.to));
  document.getElementById("title").textContent = `Departures, line ${n + 1}`;
  document.getElementById("table").innerHTML = all.slice(0, 4000).map((t) =>
    `<tr><td>${clock(t.at)}</td><td>${t.number}</td><td>${t.from} to ${t.to}</td><td class="${t.late ? "late" : ""}">${t.late ? "+" + t.late : ""}</td></tr>`).join("");
  const bars = document.getElementById("bars");
  for (let hour = 0; hour < 96; hour++) {
    const bar = bars.appendChild(document.createElement("i"));
    bar.style.height = `${all.filter((t) => Math.floor(t.at / 15) === hour).length / 5}px`;
  }
  let tall = 0;
  for (const row of document.querySelectorAll("tr")) {
    row.style.paddingLeft = `${tall % 3}px`;
    if (row.rowIndex % 40 === 0) tall += row.offsetHeight; // lays the table out again
  }
}
build();
if (n === 0) Work.begin();
if (!over()) {
  setTimeout(() => {
    if (over()) return;
    query.set("page", n + 1);
    location.replace(`/?${query}`);
  }, Work.between(2000, 4000));
}

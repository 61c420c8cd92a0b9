// A gate that asks for some seconds of work on all cores before it shows the page, as sites do against bots: each
// solution is a number whose SHA-256 begins with 14 zero bits. With ?work=30 it takes so many seconds (4 to 60) on any
// machine, as gates do that ask more of slow or suspected visitors.
"use strict";
const asked = Number.parseFloat(new URLSearchParams(location.search).get("work") ?? "");
const work = Number.isFinite(asked) ? Math.min(Math.max(asked, 4), 60) : 0;
const SOLUTIONS = work ? 125 * work : 500; // some 16,000 hashes each
const LEAST_S = work || 4, MOST_S = work || Math.min(12, Work.seconds); // on machines much faster or slower than usual
const workers = [];
let found = 0, hashes = 0, began = 0;

function open() {
  workers.splice(0).forEach((w) => w.terminate());
  document.getElementById("gate").remove();
  document.getElementById("site").hidden = false;
  document.title = "Archive: letters from the harbour office";
}
function hear({ data }) {
  if (!began) {
    began = performance.now();
    Work.begin();
    setTimeout(() => { if (workers.length) open(); }, 1000 * MOST_S);
  }
  if (!workers.length) return;
  found++;
  hashes += data.hashes;
  const took = (performance.now() - began) / 1000;
  document.getElementById("bar").value = Math.min(found / SOLUTIONS, took / LEAST_S);
  document.getElementById("speed").textContent = `${Math.round(hashes / took / 1000)} thousand tries each second`;
  if (found >= SOLUTIONS && took >= LEAST_S) open();
}
for (let i = 0; i < Math.min(navigator.hardwareConcurrency, 16); i++) {
  const worker = new Worker("solver.js");
  worker.onmessage = hear;
  worker.postMessage({ seed: i, seconds: MOST_S + 8 });
  workers.push(worker);
}

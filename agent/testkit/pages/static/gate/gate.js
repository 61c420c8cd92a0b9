// A gate that asks for some seconds of work on all cores before it shows the page, as sites do against bots: each
// solution is a number whose SHA-256 begins with 14 zero bits.
"use strict";
const SOLUTIONS = 500; // some 8 million hashes
const LEAST_S = 4, MOST_S = Math.min(12, Work.seconds); // on machines much faster or slower than usual
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
  worker.postMessage({ seed: i });
  workers.push(worker);
}

// An editor with three worker threads that talk with the page all the time: one marks words, one checks, one builds an
// index. After each change, and every half second, each gets the whole text; a program of some thousand lines.
"use strict";
const text = document.getElementById("text");
const line = (i) => `fn move_${i % 97}(ship: Ship, n: int) -> int { let speed_${i} = n * ${i % 13} + ship.tide; return speed_${i} / 2; } // berth ${i}`;
text.value = Array.from({ length: 2500 }, (_, i) => line(i)).join("\n");
const busy = new Set();
const workers = ["mark", "check", "index"].map((job) => {
  const worker = new Worker("language.js");
  worker.onmessage = ({ data }) => {
    if (data.done) busy.delete(job);
    if (data.marked) document.getElementById("marked").textContent = data.marked;
    if (data.state) document.getElementById("state").textContent = data.state;
  };
  return [job, worker];
});
function tell() {
  for (const [job, worker] of workers) {
    if (busy.has(job)) continue;
    busy.add(job);
    worker.postMessage({ job, text: text.value });
  }
}
let soon = 0;
text.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(tell, 80); });
const timer = setInterval(tell, 500);
Work.begin(() => { clearInterval(timer); workers.forEach(([, w]) => w.terminate()); });
tell();

// A game whose physics runs in two worker threads: each frame they get the mouse, move their half of a swarm and give it
// back, and the page draws it. Nothing is computed that is not drawn.
"use strict";
const THREADS = 2;
const canvas = document.getElementById("game");
const c = canvas.getContext("2d");
const mouse = { x: 450, y: 260, moved: -1e9 };
canvas.addEventListener("mousemove", (e) => Object.assign(mouse, { x: e.offsetX, y: e.offsetY, moved: performance.now() }));

const halves = [];
let waiting = 0, frames = 0, points = 0;
const workers = Array.from({ length: THREADS }, (_, i) => {
  const worker = new Worker("physics.js");
  worker.onmessage = ({ data }) => {
    halves[i] = data.places;
    points += data.caught;
    if (--waiting === 0) requestAnimationFrame(draw);
  };
  return worker;
});
function step() {
  if (Work.over()) {
    workers.forEach((w) => w.terminate());
    return;
  }
  if (performance.now() - mouse.moved > 4000) { // plays by itself until somebody takes the mouse
    const t = performance.now() / 1000;
    mouse.x = 450 + 330 * Math.sin(t * 0.7);
    mouse.y = 260 + 190 * Math.cos(t * 1.1);
  }
  waiting = THREADS;
  workers.forEach((w, i) => w.postMessage({ x: mouse.x, y: mouse.y, seed: i + 1 }));
}
function draw() {
  c.fillStyle = "rgb(11 16 22 / 40%)";
  c.fillRect(0, 0, canvas.width, canvas.height);
  halves.forEach((places, i) => {
    c.fillStyle = i ? "#f4a261" : "#7fc0cf";
    for (let k = 0; k < places.length; k += 2) c.fillRect(places[k], places[k + 1], 3, 3);
  });
  if (++frames % 30 === 0) document.getElementById("state").textContent = `${points} points`;
  step();
}
Work.begin();
step();

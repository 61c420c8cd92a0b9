// Trains a small network on the page's own thread, without pause, and draws what it has learned twice a second.
"use strict";
const SIZES = [2, 96, 96, 1], BATCH = 64, RATE = 0.003, SLICE_MS = 40;
const layers = SIZES.slice(1).map((out, i) => {
  const size = SIZES[i];
  const fill = (n, f) => Float32Array.from({ length: n }, f);
  const spread = Math.sqrt(2 / size);
  return {
    size, out,
    w: fill(size * out, () => spread * (Math.random() + Math.random() + Math.random() - 1.5)), b: new Float32Array(out),
    dw: new Float32Array(size * out), db: new Float32Array(out),
    mw: new Float32Array(size * out), vw: new Float32Array(size * out), mb: new Float32Array(out), vb: new Float32Array(out),
    y: new Float32Array(out), dx: new Float32Array(size),
  };
});
const points = Array.from({ length: 600 }, (_, i) => {
  const side = i % 2, r = Math.sqrt(Math.random()), a = 7 * r + side * Math.PI;
  const noise = () => 0.03 * (Math.random() - 0.5);
  return { x: Float32Array.of(r * Math.cos(a) + noise(), r * Math.sin(a) + noise()), side };
});

function forward(x) {
  for (const l of layers) {
    const last = l.out === 1;
    for (let j = 0; j < l.out; j++) {
      let sum = l.b[j];
      for (let i = 0, at = j * l.size; i < l.size; i++, at++) sum += l.w[at] * x[i];
      l.y[j] = last ? 1 / (1 + Math.exp(-sum)) : Math.tanh(sum);
    }
    x = l.y;
  }
  return x[0];
}
function backward(x, error) {
  let d = Float32Array.of(error);
  for (let n = layers.length - 1; n >= 0; n--) {
    const l = layers[n], input = n ? layers[n - 1].y : x;
    l.dx.fill(0);
    for (let j = 0; j < l.out; j++) {
      l.db[j] += d[j];
      for (let i = 0, at = j * l.size; i < l.size; i++, at++) {
        l.dw[at] += d[j] * input[i];
        l.dx[i] += d[j] * l.w[at];
      }
    }
    if (n) for (let i = 0; i < l.size; i++) l.dx[i] *= 1 - input[i] * input[i];
    d = l.dx;
  }
}
let steps = 0;
function adam(p, d, m, v) {
  const fix = Math.sqrt(1 - 0.999 ** steps) / (1 - 0.9 ** steps);
  for (let i = 0; i < p.length; i++) {
    const g = d[i] / BATCH;
    m[i] = 0.9 * m[i] + 0.1 * g;
    v[i] = 0.999 * v[i] + 0.001 * g * g;
    p[i] -= RATE * fix * m[i] / (Math.sqrt(v[i]) + 1e-8);
    d[i] = 0;
  }
}
// step trains on one batch and returns its mean loss.
function step() {
  let loss = 0;
  for (let n = 0; n < BATCH; n++) {
    const { x, side } = points[Math.floor(points.length * Math.random())];
    const y = Math.min(Math.max(forward(x), 1e-6), 1 - 1e-6);
    loss -= Math.log(side ? y : 1 - y);
    backward(x, y - side);
  }
  steps++;
  for (const l of layers) { adam(l.w, l.dw, l.mw, l.vw); adam(l.b, l.db, l.mb, l.vb); }
  return loss / BATCH;
}

const losses = [];
function draw() {
  const map = document.getElementById("map").getContext("2d");
  for (let y = 0; y < 50; y++) for (let x = 0; x < 50; x++) {
    map.fillStyle = `hsl(${30 + 180 * forward(Float32Array.of(x / 25 - 1, y / 25 - 1))} 55% 70%)`;
    map.fillRect(6 * x, 6 * y, 6, 6);
  }
  for (const { x, side } of points) {
    map.fillStyle = side ? "#1d5b78" : "#8a3d1c";
    map.fillRect(148 + 150 * x[0], 148 + 150 * x[1], 4, 4);
  }
  const c = document.getElementById("curve").getContext("2d");
  c.clearRect(0, 0, 300, 300);
  c.strokeStyle = "#9a3b5e";
  c.beginPath();
  losses.forEach((l, i) => c.lineTo(10 + 280 * i / losses.length, 290 - 380 * Math.min(l, 0.73)));
  c.stroke();
}
(async () => {
  Work.begin(() => { document.getElementById("state").textContent += " Done."; });
  let drawn = -Infinity;
  for (;;) {
    const until = performance.now() + SLICE_MS;
    let loss = 0;
    while (performance.now() < until) loss = step();
    if (performance.now() - drawn > 500) {
      drawn = performance.now();
      losses.push(loss);
      document.getElementById("state").textContent = `Step ${steps}, loss ${loss.toFixed(3)}.`;
      draw();
    }
    await Work.next();
  }
})();

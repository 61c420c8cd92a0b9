// Half of the swarm: some hundreds of boids that keep apart, fly together and follow the mouse.
"use strict";
const COUNT = 420;
let boids = null;

onmessage = ({ data }) => {
  boids ??= Array.from({ length: COUNT }, (_, i) => ({ x: (i * 37 * data.seed) % 900, y: (i * 53) % 520, vx: 1, vy: 0 }));
  let caught = 0;
  for (const b of boids) {
    let ax = 0, ay = 0, vx = 0, vy = 0, near = 0;
    for (const o of boids) {
      const dx = o.x - b.x, dy = o.y - b.y, d = dx * dx + dy * dy;
      if (d > 2500 || o === b) continue;
      near++;
      vx += o.vx;
      vy += o.vy;
      if (d < 150) { ax -= dx * 0.03; ay -= dy * 0.03; }
    }
    if (near) { ax += (vx / near - b.vx) * 0.05; ay += (vy / near - b.vy) * 0.05; }
    const mx = data.x - b.x, my = data.y - b.y, far = Math.hypot(mx, my) + 1;
    if (far < 6) caught++;
    b.vx = Math.max(-4, Math.min(4, b.vx + ax + mx / far * 0.12));
    b.vy = Math.max(-4, Math.min(4, b.vy + ay + my / far * 0.12));
  }
  const places = new Float32Array(2 * COUNT);
  boids.forEach((b, i) => {
    b.x = (b.x + b.vx + 900) % 900;
    b.y = (b.y + b.vy + 520) % 520;
    places[2 * i] = b.x;
    places[2 * i + 1] = b.y;
  });
  postMessage({ places, caught }, [places.buffer]);
};

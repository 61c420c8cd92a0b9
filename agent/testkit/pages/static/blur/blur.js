// Finds what is in front in a picture (an oval that follows the brightest part, softened) and blurs the rest.
"use strict";
const W = 480, H = 270, R = 6;

onmessage = ({ data }) => {
  let sx = 0, sy = 0, n = 1;
  for (let y = 0; y < H; y += 3) {
    for (let x = 0; x < W; x += 3) {
      const i = 4 * (y * W + x), light = data[i] + data[i + 1] + data[i + 2];
      if (light > 420) { sx += x; sy += y; n++; }
    }
  }
  const cx = n > 1 ? sx / n : W / 2, cy = n > 1 ? sy / n : H / 2;
  const across = new Float32Array(data.length);
  const out = new Uint8ClampedArray(data.length);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let d = -R; d <= R; d++) sum += data[4 * (y * W + Math.min(Math.max(x + d, 0), W - 1)) + k];
        across[4 * (y * W + x) + k] = sum / (2 * R + 1);
      }
    }
  }
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const i = 4 * (y * W + x);
      const front = 1 / (1 + Math.exp(6 * (Math.hypot((x - cx) / 90, (y - cy) / 110) - 1)));
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let d = -R; d <= R; d++) sum += across[4 * (Math.min(Math.max(y + d, 0), H - 1) * W + x) + k];
        out[i + k] = front * data[i + k] + (1 - front) * sum / (2 * R + 1);
      }
      out[i + 3] = 255;
    }
  }
  postMessage(out, [out.buffer]);
};

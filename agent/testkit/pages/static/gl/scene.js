// A turning field of cubes, drawn with WebGL; with flat squares where the browser has none.
"use strict";
const canvas = document.getElementById("scene");
const state = document.getElementById("state");
const SIDE = 40; // cubes along each side
const VERTEX = `
attribute vec3 corner, normal;
uniform float time;
uniform vec2 cell;
varying vec3 shade;
void main() {
  float h = 0.5 + 0.45 * sin(0.35 * cell.x + time) * cos(0.3 * cell.y - 0.7 * time);
  vec3 p = vec3(corner.x * 0.42 + cell.x, (corner.y + 1.0) * 2.2 * h, corner.z * 0.42 + cell.y);
  float a = 0.2 * time, s = sin(a), c = cos(a);
  p.xz = mat2(c, s, -s, c) * p.xz;
  vec3 n = normal;
  n.xz = mat2(c, s, -s, c) * n.xz;
  float light = 0.35 + 0.65 * max(dot(n, normalize(vec3(0.5, 0.9, 0.4))), 0.0);
  shade = light * mix(vec3(0.15, 0.35, 0.62), vec3(0.95, 0.72, 0.38), h);
  p.y -= 7.0; p.z -= 34.0;
  float t = 0.55, ct = cos(t), st = sin(t);
  p.yz = vec2(ct * (p.y) - st * (p.z + 34.0), st * p.y + ct * (p.z + 34.0) - 34.0);
  gl_Position = vec4(p.x * 1.25, p.y * 2.0, -p.z * 1.002 - 0.2, -p.z);
}`;
const FRAGMENT = `
precision mediump float;
varying vec3 shade;
void main() { gl_FragColor = vec4(shade, 1.0); }`;

function cube() {
  const data = [];
  for (const axis of [0, 1, 2]) {
    for (const side of [-1, 1]) {
      for (const [u, v] of [[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]]) {
        const corner = [0, 0, 0], normal = [0, 0, 0];
        corner[axis] = normal[axis] = side;
        corner[(axis + 1) % 3] = u;
        corner[(axis + 2) % 3] = v;
        data.push(...corner, ...normal);
      }
    }
  }
  return new Float32Array(data);
}

// withGL returns what draws the scene at a time in seconds, or null without WebGL.
function withGL() {
  const gl = canvas.getContext("webgl");
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, cube(), gl.STATIC_DRAW);
  ["corner", "normal"].forEach((name, i) => {
    const at = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, 3, gl.FLOAT, false, 24, 12 * i);
  });
  const time = gl.getUniformLocation(program, "time"), cell = gl.getUniformLocation(program, "cell");
  gl.enable(gl.DEPTH_TEST);
  return (t) => {
    gl.clearColor(0.06, 0.09, 0.12, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniform1f(time, t);
    for (let i = 0; i < SIDE * SIDE; i++) {
      gl.uniform2f(cell, i % SIDE - SIDE / 2, Math.floor(i / SIDE) - SIDE / 2);
      gl.drawArrays(gl.TRIANGLES, 0, 36);
    }
  };
}

function flat() {
  const c = canvas.getContext("2d");
  state.textContent += " This browser has no WebGL: drawn flat.";
  return (t) => {
    c.fillStyle = "#10161d";
    c.fillRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const x = i % SIDE, y = Math.floor(i / SIDE);
      const h = 0.5 + 0.45 * Math.sin(0.35 * x + t) * Math.cos(0.3 * y - 0.7 * t);
      c.fillStyle = `hsl(${210 - 170 * h} 55% ${30 + 30 * h}%)`;
      c.fillRect(24 * x + 2, 15 * y + 2 - 8 * h, 20, 11 + 8 * h);
    }
  };
}

const draw = withGL() ?? flat();
requestAnimationFrame(function frame(now) {
  Work.begin();
  draw(now / 1000);
  if (!Work.over()) requestAnimationFrame(frame);
});

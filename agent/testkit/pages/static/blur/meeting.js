// A meeting whose camera picture gets a blurred background: fifteen times a second a worker thread gets the picture, finds
// who is in front, blurs the rest and gives it back, and the page shows it. The camera is a clip.
"use strict";
const RATE = 15;
const camera = document.getElementById("camera");
const shown = document.getElementById("shown").getContext("2d");
const W = 480, H = 270;
const scratch = new OffscreenCanvas(W, H).getContext("2d", { willReadFrequently: true });
const worker = new Worker("blur.js");
let busy = false;
worker.onmessage = ({ data }) => {
  shown.putImageData(new ImageData(data, W, H), 0, 0);
  busy = false;
};
camera.addEventListener("playing", () => {
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    scratch.drawImage(camera, 0, 0, W, H);
    const { data } = scratch.getImageData(0, 0, W, H);
    worker.postMessage(data, [data.buffer]);
  }, 1000 / RATE);
  Work.begin(() => { clearInterval(timer); worker.terminate(); camera.pause(); });
}, { once: true });
camera.play();

// The converter's worker: raw frames in, a film out. It takes no more clips after 90 seconds.
"use strict";
importScripts("/_lib/ffmpeg/ffmpeg-core.js");
const LIMIT_MS = 90000;

(async () => {
  const where = btoa(JSON.stringify({ wasmURL: "/_lib/ffmpeg/ffmpeg-core.wasm", workerURL: "" }));
  const core = await createFFmpegCore({ mainScriptUrlOrBlob: `/_lib/ffmpeg/ffmpeg-core.js#${where}` });
  const end = performance.now() + LIMIT_MS;
  core.setTimeout(-1);
  core.setProgress(({ progress }) => postMessage({ progress }));
  onmessage = ({ data: { raw, width, height } }) => {
    if (performance.now() >= end) {
      close();
      return;
    }
    core.FS.writeFile("in.raw", raw);
    core.exec("-f", "rawvideo", "-pix_fmt", "rgba", "-s", `${width}x${height}`, "-r", "20", "-i", "in.raw",
      "-c:v", "libx264", "-preset", "medium", "-pix_fmt", "yuv420p", "out.mp4");
    core.reset();
    const mp4 = core.FS.readFile("out.mp4");
    core.FS.unlink("in.raw");
    core.FS.unlink("out.mp4");
    postMessage({ mp4 }, [mp4.buffer]);
  };
  postMessage({ ready: true });
})();

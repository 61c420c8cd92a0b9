// The loop of simulated mining, for a worker or the page's own thread: hashes at a duty, and stops by itself.
"use strict";

// Whatever the page asks for; the second is for measuring what an evasion costs, where two minutes must be watched.
const LIMIT_S = 90;
const LONG_LIMIT_S = 150;

// The hash functions by name, each with the file it needs. make() returns what computes one hash of a block; once() says
// how many to compute between two looks at the clock. argon2 and scrypt are memory-hard: 2 MiB and 128 KiB at a time.
const HASHES = {
  sha256: {
    file: "/_lib/hash-wasm/sha256.umd.min.js",
    once: 64,
    make: async () => {
      const sha256 = await hashwasm.createSHA256();
      return (block) => sha256.init().update(block).digest("binary");
    },
  },
  argon2: {
    file: "/_lib/hash-wasm/argon2.umd.min.js",
    once: 1,
    make: async () => (block) => hashwasm.argon2id({
      password: block, salt: block, parallelism: 1, iterations: 1, memorySize: 2048, hashLength: 32, outputType: "binary",
    }),
  },
  scrypt: {
    file: "/_lib/hash-wasm/scrypt.umd.min.js",
    once: 1,
    make: async () => (block) => hashwasm.scrypt({
      password: block, salt: block, costFactor: 1024, blockSize: 1, parallelism: 1, hashLength: 32, outputType: "binary",
    }),
  },
};

// hashLoop computes until order.seconds are over, for the share order.duty of each slice of order.slice milliseconds,
// and not while control.paused. With order.pattern "random" the duty is drawn again every 3 to 8 seconds, from 0.3 to 1;
// with "pulse" it computes for order.on seconds and rests for order.off, with "bursts" for half to one and a half times as
// long as that. With order.wave it holds up to that many MiB, more and less from second to second.
// control.later is what waits instead of setTimeout. It says {started: true} after the first hash, {hashes} at the end.
async function hashLoop(order, control, say) {
  const { once, make } = HASHES[order.hash];
  const end = performance.now() + 1000 * Math.min(order.seconds, order.long ? LONG_LIMIT_S : LIMIT_S);
  const block = new Uint8Array(80);
  const counter = new DataView(block.buffer);
  block[79] = order.seed;
  const hash = await make();
  let hashes = 0;
  let { duty } = order;
  let redraw = order.pattern === "random" ? 0 : Infinity;
  const later = control.later ?? ((f, ms) => setTimeout(f, ms));
  const phases = ["pulse", "bursts"].includes(order.pattern);
  const stretch = () => 1000 * (order.pattern === "bursts" ? 0.5 + Math.random() : 1);
  let resting = false;
  let turn = phases ? performance.now() + order.on * stretch() : Infinity; // when it rests, or goes on
  let held = []; // memory
  let wave = order.wave ? 0 : Infinity; // when it holds more, or less

  const compute = async (until) => {
    do {
      for (let i = 0; i < once; i++) {
        counter.setUint32(0, hashes++);
        const wait = hash(block);
        if (wait instanceof Promise) await wait;
      }
      if (hashes === once) say({ started: true });
    } while (performance.now() < until);
  };
  const round = async () => {
    const from = performance.now();
    if (from >= end) {
      say({ hashes });
      return;
    }
    if (from >= redraw) {
      duty = 0.3 + 0.7 * Math.random();
      redraw = from + 3000 + 5000 * Math.random();
    }
    if (from >= turn) {
      resting = !resting;
      turn = from + (resting ? order.off : order.on) * stretch();
    }
    if (from >= wave) {
      held = held.length >= order.wave ? [] : [...held, ...Array.from({ length: 8 }, () => new Uint8Array(1 << 20).fill(1))];
      wave = from + 700;
    }
    if (control.paused || resting) {
      later(round, order.slice);
      return;
    }
    await compute(Math.min(from + order.slice * duty, end));
    // What a timer comes late is not made up for: on a full machine that would raise the duty.
    later(round, order.slice * (1 - duty));
  };
  await round();
}

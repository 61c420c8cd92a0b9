// A notebook whose cells are run one after the other, on the page's own thread, with pauses between them.
"use strict";
const CELLS = [
  `def primes(n):
    sieve = bytearray([1]) * (n + 1)
    for i in range(2, int(n ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i in range(2, n + 1) if sieve[i]]
len(primes(1_500_000))`,
  `def queens(n, row=0, cols=0, up=0, down=0):
    if row == n:
        return 1
    free, found = ~(cols | up | down) & ((1 << n) - 1), 0
    while free:
        bit = free & -free
        free ^= bit
        found += queens(n, row + 1, cols | bit, (up | bit) << 1, (down | bit) >> 1)
    return found
queens(8)`,
  `import random
walk, place = [], 0
for _ in range(400_000):
    place += random.choice((-1, 1))
    walk.append(place)
min(walk), max(walk)`,
  `from collections import Counter
text = "the mill stream runs past the market to the harbour " * 6000
Counter(text.split()).most_common(4)`,
  `def depth(c, most=60):
    z = 0
    for n in range(most):
        z = z * z + c
        if abs(z) > 2:
            return n
    return most
"\\n".join("".join(" .:-=+*#%@"[min(9, depth(complex(x / 30 - 2, y / 12 - 1)) // 6)] for x in range(80)) for y in range(24))`,
  `import json, statistics
rows = [{"id": i, "weight": (i * 7919) % 1000 / 10} for i in range(60_000)]
round(statistics.fmean(r["weight"] for r in json.loads(json.dumps(rows))), 3)`,
];
const state = document.getElementById("state");
const boxes = CELLS.map((text) => {
  const cell = document.getElementById("cells").appendChild(Object.assign(document.createElement("div"), { className: "cell" }));
  cell.append(Object.assign(document.createElement("pre"), { textContent: text }));
  return { text, cell, out: cell.appendChild(Object.assign(document.createElement("pre"), { className: "out", textContent: " " })) };
});
(async () => {
  await Work.script("/_lib/pyodide/pyodide.js");
  const python = await loadPyodide({ indexURL: "/_lib/pyodide/" });
  Work.begin(() => { state.textContent = "All cells have run."; });
  for (let n = 1; ; n++) {
    const { text, cell, out } = boxes[(n - 1) % boxes.length];
    cell.classList.add("busy");
    state.textContent = `Running cell ${n}.`;
    await Work.rest(60);
    const from = performance.now();
    const repeats = 1 + Math.floor(3 * Math.random());
    for (let i = 0; i < repeats; i++) {
      out.textContent = String(python.runPython(text));
      await Work.next();
    }
    cell.classList.remove("busy");
    state.textContent = `Cell ${n} took ${((performance.now() - from) / 1000).toFixed(2)} s.`;
    await Work.rest(Work.between(300, 2000));
  }
})();

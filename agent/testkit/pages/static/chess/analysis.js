// A chess engine in workers, each analysing a game of its own move by move; the page shows what they find.
//
//   ?workers=1   engines, 1 or 2
"use strict";
const ENGINE = "/_lib/stockfish/stockfish-nnue-16-single.js";
const state = document.getElementById("state");
const query = new URLSearchParams(location.search);
const engines = [];
const SIGNS = { K: "♔", Q: "♕", R: "♖", B: "♗", N: "♘", P: "♙", k: "♚", q: "♛", r: "♜", b: "♝", n: "♞", p: "♟" };

function game(n) {
  const box = document.getElementById("games").appendChild(document.createElement("div"));
  const board = box.appendChild(Object.assign(document.createElement("div"), { className: "board" }));
  const lines = box.appendChild(document.createElement("pre"));
  const squares = Array.from({ length: 64 }, (_, i) =>
    board.appendChild(Object.assign(document.createElement("span"), { className: (i + (i >> 3)) % 2 ? "dark" : "" })));
  let pieces, moves;
  const draw = () => squares.forEach((s, i) => { s.textContent = SIGNS[pieces[i]] ?? ""; });
  const reset = () => {
    pieces = [..."rnbqkbnrpppppppp" + ".".repeat(32) + "PPPPPPPPRNBQKBNR"];
    moves = [];
    for (const m of [["e2e4", "e7e5"], ["d2d4", "d7d5"]][n % 2]) move(m);
  };
  const at = (name) => 8 * (8 - Number(name[1])) + name.charCodeAt(0) - 97;
  const put = (from, to) => { pieces[to] = pieces[from]; pieces[from] = "."; };
  function move(m) {
    const from = at(m), to = at(m.slice(2));
    const piece = pieces[from].toLowerCase();
    if (piece === "p" && from % 8 !== to % 8 && pieces[to] === ".") pieces[8 * (from >> 3) + to % 8] = "."; // in passing
    if (piece === "k" && to - from === 2) put(from + 3, from + 1);
    if (piece === "k" && from - to === 2) put(from - 4, from - 1);
    put(from, to);
    if (m[4]) pieces[to] = to < 8 ? m[4].toUpperCase() : m[4];
    moves.push(m);
    draw();
  }
  reset();

  const engine = new Worker(ENGINE);
  engines.push(engine);
  const think = () => {
    engine.postMessage(`position startpos moves ${moves.join(" ")}`);
    engine.postMessage(`go movetime ${Math.round(Work.between(4000, 9000))}`);
  };
  engine.onmessage = ({ data }) => {
    if (typeof data !== "string") return;
    if (data === "readyok") {
      Work.begin(() => {
        engines.splice(0).forEach((e) => e.terminate());
        state.textContent = "The analysis is finished.";
      });
      state.textContent = "Analysing.";
      think();
    }
    const info = /depth (\d+) .*score (cp|mate) (-?\d+) .*nodes (\d+) .*pv (.*)/.exec(data);
    if (info) {
      const [, depth, kind, score, nodes, pv] = info;
      const worth = kind === "cp" ? (score / 100).toFixed(2) : `mate in ${score}`;
      lines.textContent = `Move ${moves.length + 1}, depth ${depth}, ${worth}\n${Math.round(nodes / 1000)} thousand positions\n${pv.split(" ").slice(0, 8).join(" ")}`;
    }
    const best = /^bestmove (\S+)/.exec(data);
    if (best && !Work.over()) {
      if (best[1] === "(none)" || moves.length > 80) reset();
      else move(best[1]);
      think();
    }
  };
  engine.postMessage("uci");
  engine.postMessage("setoption name Use NNUE value false");
  engine.postMessage("setoption name Hash value 32");
  engine.postMessage("isready");
}
(async () => {
  const answer = await fetch(ENGINE);
  if (!answer.ok) {
    state.textContent = await answer.text();
    return;
  }
  const count = Math.min(Math.max(Number.parseInt(query.get("workers") ?? "1", 10) || 1, 1), 2);
  for (let n = 0; n < count; n++) game(n);
})();

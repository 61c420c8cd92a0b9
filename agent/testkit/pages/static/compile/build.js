// A playground that builds projects again and again: the page writes the sources, workers check and translate them.
//
//   ?workers=2   compilers, at most 4
"use strict";
const FILES = 10;
const state = document.getElementById("state");
const log = document.getElementById("log");
const asked = Number.parseInt(new URLSearchParams(location.search).get("workers") ?? "2", 10);
const count = Math.min(Math.max(asked || 2, 1), 4);
let builds = 0;

function write(text) {
  log.append(text + "\n");
  while (log.childNodes.length > 200) log.firstChild.remove();
  log.scrollTop = log.scrollHeight;
}
// sources writes a project of modules that use each other.
function sources(seed) {
  const files = {};
  for (let n = 0; n < FILES; n++) {
    const lines = n ? [`import { Item${n - 1}, total${n - 1} } from "./part${n - 1}";`] : [];
    lines.push(`export interface Item${n} { id: number; name: string; tags: string[]; weight: number; kind: "a${seed}" | "b${n}"; }`);
    lines.push(`export function total${n}(items: Item${n}[]): number { return items.reduce((sum, i) => sum + i.weight, ${n}); }`);
    for (let i = 0; i < 30; i++) {
      lines.push(`export const pick${n}_${i} = <K extends keyof Item${n}>(items: Item${n}[], key: K): Array<Item${n}[K]> => items.filter((x) => x.weight > ${i + seed}).map((x) => x[key]);`);
      lines.push(`export class Box${n}_${i}<T extends { id: number }> { private readonly all = [] as T[]; add(x: T): this { this.all.push(x); return this; } find(id: number): T | undefined { return this.all[id % ${i + 1}]; } }`);
    }
    if (n) lines.push(`export const both${n} = (a: Item${n - 1}[], b: Item${n}[]): string => \`\${total${n - 1}(a)} \${total${n}(b)}\`;`);
    files[`/part${n}.ts`] = lines.join("\n");
  }
  return files;
}
(async () => {
  const compiler = await fetch("/_lib/typescript/typescript.js");
  if (!compiler.ok) {
    state.textContent = await compiler.text();
    return;
  }
  const workers = [];
  for (let n = 0; n < count; n++) {
    const worker = new Worker("compiler.js");
    workers.push(worker);
    worker.onmessage = async ({ data }) => {
      if (data.file) {
        write(`  ${data.file}  ${data.text.length} bytes`);
        return;
      }
      if (data.ready) Work.begin(() => { workers.splice(0).forEach((w) => w.terminate()); write("Finished."); });
      else write(`Build ${++builds}: ${data.errors} errors, ${(data.took / 1000).toFixed(1)} s`);
      state.textContent = `${builds} builds.`;
      await Work.rest(Work.between(50, 400));
      worker.postMessage(sources(builds + n));
    };
  }
})();

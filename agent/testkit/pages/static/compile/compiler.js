// One compiler: takes the sources of a project, and hands back each translated file. It takes none after 90 seconds.
"use strict";
const LIMIT_MS = 90000;
importScripts("/_lib/typescript/typescript.js");
const LIBRARIES = ["lib.es5.d.ts", "lib.decorators.d.ts", "lib.decorators.legacy.d.ts"];

(async () => {
  const library = {};
  for (const name of LIBRARIES) library["/" + name] = await (await fetch("/_lib/typescript/" + name)).text();
  const end = performance.now() + LIMIT_MS;
  const options = { target: ts.ScriptTarget.ES5, module: ts.ModuleKind.ES2015, strict: true, lib: ["lib.es5.d.ts"] };
  onmessage = ({ data }) => {
    const from = performance.now();
    if (from >= end) {
      close();
      return;
    }
    const text = (name) => data[name] ?? library[name];
    const host = {
      getSourceFile: (name, version) => (text(name) === undefined ? undefined : ts.createSourceFile(name, text(name), version)),
      getDefaultLibFileName: () => "/lib.es5.d.ts",
      getDefaultLibLocation: () => "/",
      writeFile: (file, translated) => postMessage({ file, text: translated }),
      getCurrentDirectory: () => "/",
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      fileExists: (name) => text(name) !== undefined,
      readFile: text,
      directoryExists: (name) => name === "/",
      getDirectories: () => [],
    };
    const program = ts.createProgram(Object.keys(data), options, host);
    const errors = ts.getPreEmitDiagnostics(program).length;
    program.emit();
    postMessage({ errors, took: performance.now() - from });
  };
  postMessage({ ready: true });
})();

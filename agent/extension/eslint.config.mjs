// The rules that the extension keeps to. scripts/lint-extension.sh runs eslint with them.
import { createRequire } from "node:module";

const tools = createRequire(new URL("../../.cache/npm/lint/package.json", import.meta.url));
const js = tools("@eslint/js");
const globals = tools("globals");

const strict = {
  "eqeqeq": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-new-func": "error",
  "no-restricted-properties": ["error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property, message: "write text, never markup" }))],
  "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" }],
  "no-var": "error",
  "prefer-const": "error",
};

export default [
  { ignores: ["**/eslint.config.mjs"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals.browser, chrome: "readonly" } },
    rules: strict,
  },
  { files: ["**/test/*.js"], languageOptions: { globals: globals.node } },
];

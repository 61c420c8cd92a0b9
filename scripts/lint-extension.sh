#!/bin/sh
# Checks the browser extension with eslint, its types as its comments give them, and with the linter of Firefox's store.
# scripts/npm.sh fetches what that takes once.
#
# Exit status 0: clean; 1: findings, or the linters could not be fetched.
set -eu
cd "$(dirname "$0")/.."
scripts/npm.sh lint
tools=$PWD/.cache/npm/lint/node_modules

"$tools/.bin/eslint" --config agent/extension/eslint.config.mjs --max-warnings 0 agent/extension
"$tools/.bin/tsc" --project agent/extension
# web-ext wants the extension as a browser gets it.
built=.cache/extension-lint
rm -rf "$built"
go run ./agent/dev/pack -unpacked "$built"
"$tools/.bin/web-ext" lint --source-dir "$built" --self-hosted --warnings-as-errors --no-config-discovery

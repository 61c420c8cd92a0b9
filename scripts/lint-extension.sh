#!/bin/sh
# Checks the browser extension with eslint and with the linter of Firefox's store.
#
# Both are fetched once by npm, at exact versions, into .cache/extension-lint, and nothing of them is kept in the
# repository. Exit status 0: clean; 1: findings, or they could not be fetched.
set -eu
cd "$(dirname "$0")/.."

eslint=10.15.0  # MIT
web_ext=10.7.0  # MPL-2.0
globals=17.14.0 # MIT

tools=.cache/extension-lint
have=$tools/versions
want="eslint $eslint, web-ext $web_ext, globals $globals"
if [ "$(cat "$have" 2>/dev/null)" != "$want" ]; then
	command -v npm >/dev/null || {
		echo "lint-extension: npm is not installed (scripts/setup.sh test installs it)" >&2
		exit 1
	}
	echo "fetching $want (once)"
	mkdir -p "$tools"
	echo '{"private": true}' >"$tools/package.json"
	npm install --prefix "$tools" --no-save --no-package-lock --no-audit --no-fund --loglevel=error --ignore-scripts \
		"eslint@$eslint" "web-ext@$web_ext" "globals@$globals"
	echo "$want" >"$have"
fi

NODE_PATH="$PWD/$tools/node_modules" "$tools/node_modules/.bin/eslint" --config agent/extension/eslint.config.mjs \
	--max-warnings 0 agent/extension
# web-ext wants the extension as a browser gets it.
built=$tools/firefox
rm -rf "$built"
go run ./agent/dev/pack -unpacked "$built"
"$tools/node_modules/.bin/web-ext" lint --source-dir "$built" --self-hosted --warnings-as-errors --no-config-discovery

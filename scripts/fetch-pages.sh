#!/bin/sh
# Fetches the libraries that some test pages run (agent/testkit/pages/libraries/README.md) into .cache/pages, some 240 MB.
# It does nothing when they are there. Exit status 0: all is there now; 1: it could not be fetched.
set -eu
cd "$(dirname "$0")/.."
exec go run ./agent/dev/fetchpages .cache/pages

# `make` says what there is; `make run` and `make test` are the two commands for everybody.
SHELL   := /bin/bash
VERSION ?= 0.1.0-dev+$(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X github.com/minewatch/minewatch/agent/internal/buildinfo.Version=$(VERSION)
BIN     := bin
TOOLS   := $(CURDIR)/.cache/bin
GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
NFPM_VERSION := v2.43.4
NFPM     := $(TOOLS)/nfpm-$(NFPM_VERSION)
GOMOD_VERSION := v1.9.0
GOMOD    := $(TOOLS)/cyclonedx-gomod-$(GOMOD_VERSION)

.PHONY: help fuzz packages e2e-service tools setup-packages run test check demo popup e2e-browsers e2e-check e2e-patrol waking bench corpus evasion evasion-record sessions dataset fit eval extension extension-lint extension-test vulncheck build agent tray lint fmt clean setup-run setup-test setup-corpus

# The help is made of the lines that begin with two signs: a target and what it does, or @ and the name of a group.
help:
	@awk '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^## [a-z0-9-]+: /{name=$$2; sub(/^## [a-z0-9-]+: /, ""); printf "  make %-16s%s\n", substr(name, 1, length(name)-1), $$0}' $(firstword $(MAKEFILE_LIST))

##@ Run
## run: build and watch this computer: agent, tray (with a display) and live view
run: setup-run build
	@scripts/run.sh $(BIN)

## build: build the programs into bin/
build: agent tray

##@ Test
# One package at a time: a desktop, a browser and their load are what the tests are about.
## test: the whole test suite, real browsers and real desktops included (it installs what it needs)
test: setup-test tools build extension-test
	CI=$${CI-local} go test -count=1 -p 1 -timeout 35m ./...

## demo: a tab that keeps the processor busy is named in the tray, on a desktop of its own
demo: setup-test build
	go run ./agent/dev/demo -bin $(BIN) -out $(BIN)/demo

## popup: the extension's window in real Chromium and Firefox, and its pictures for the documentation
popup: setup-test
	@mkdir -p $(BIN)/popup
	MINEWATCH_POPUP_OUT=$(CURDIR)/$(BIN)/popup CI=$${CI-local} go test -count=1 -v ./agent/e2e/popup
	cp $(BIN)/popup/popup-chromium.png $(BIN)/popup/popup-firefox.png docs/images/

## e2e-browsers: every name is compared with what real Chromium and Firefox know, and what the extension costs (15 minutes)
e2e-browsers: setup-test agent
	go run ./agent/dev/names -bin $(BIN) -idle 3m

## waking: what each way of reaching the extension costs a browser with 20 idle tabs (10 minutes)
waking: setup-test agent
	go run ./agent/dev/names -bin $(BIN) -idle 3m -waking

## e2e-service: the package on a system of its own with a real systemd: kills, hangs, upgrades, reboot, removal (root, 6 minutes)
e2e-service: setup-test tools
	MINEWATCH_SERVICE=full CI=$${CI-local} go test -count=1 -v -timeout 20m ./agent/e2e/service

## e2e-check: sixty pages that mine and sixty that do not, each opened by minewatch check (50 minutes)
e2e-check: setup-corpus
	MINEWATCH_CHECK=full CI=$${CI-local} go test -count=1 -v -timeout 90m ./agent/e2e/check

## e2e-patrol: minewatch-patrol over 560 pages while it and its browsers are killed fifty times (90 minutes)
e2e-patrol: setup-corpus
	MINEWATCH_PATROL=full CI=$${CI-local} go test -count=1 -v -timeout 150m ./agent/e2e/patrol

## bench: what it costs beside other programs, and what must not escape (Linux, root, ten minutes)
bench: setup-test agent
	go run ./agent/dev/bench -bin $(BIN) -tools $(TOOLS)

## fuzz: every fuzz target for its share of a time (T=1h); what fails is kept in testdata
fuzz:
	go run ./agent/dev/fuzz -time $(or $(T),1h)

##@ Develop
## check: format, lint, vet for three systems and the quick tests, for daily work
check: setup-test lint extension-lint
	@scripts/vulncheck.sh
	go vet ./...
	GOOS=windows go vet ./...
	GOOS=darwin CGO_ENABLED=0 go vet ./agent/... ./heuristics/...
	go test -short -race . ./heuristics/... ./agent/api/... ./agent/internal/...

## corpus: record what is missing in testdata/traces, with real programs on real desktops (root, up to an hour)
corpus: setup-corpus agent
	go run ./agent/dev/corpus -bin $(BIN) -missing

## evasion: what each way of hiding costs a miner in hashes, and whether it is told of (replays recordings)
evasion:
	go run ./agent/dev/evasion

## evasion-record: record what is missing of those (root, an hour on two free cores)
evasion-record: setup-corpus agent
	go run ./agent/dev/corpus -bin $(BIN) -prices -missing -out testdata/evasion

## sessions: record hours of ordinary use, for counting false alarms (root, 95 minutes)
sessions: setup-corpus agent
	go run ./agent/dev/session -bin $(BIN) -out sessions

## dataset: pack the recordings, their labels, an index and a data sheet into one archive with checksums
dataset:
	go run ./agent/dev/dataset -out dist

# The weights in use are set by hand (docs/decisions.md), so nothing is overwritten.
## fit: print the weights that a fit to the tuning recordings proposes; it changes no file
fit:
	go run ./agent/dev/fit -ridge 0.03

## eval: how right the detector is on the labelled recordings; the last lines are the summaries of both splits
eval: agent
	@$(BIN)/minewatch eval testdata/traces --ablation; code=$$?; \
	$(BIN)/minewatch eval testdata/traces --json 2>/dev/null | grep '^{"type":"summary"'; exit $$code

agent:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/minewatch ./agent
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/minewatch-host ./agent/host
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/minewatch-patrol ./agent/patrol

# The tray draws through GTK on Linux, so it needs a C compiler there; without one the agent still works.
tray:
	@if pkg-config --exists ayatana-appindicator3-0.1 2>/dev/null || [ "$$(uname -s)" != Linux ]; then \
	  set -x; go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/minewatch-tray ./tray; \
	else echo "tray: not built, libayatana-appindicator3-dev is not installed (scripts/setup.sh test installs it)"; fi

## packages: deb, rpm and archives in dist/, the same bytes at every build of a commit (ONLY=deb,rpm,linux,macos)
packages: setup-packages tools
	go run ./agent/dev/packages -out dist -tools $(TOOLS) $(if $(ONLY),-only $(ONLY))

# What builds packages and lists modules is kept out of go.mod, like the linter, and built once.
tools: $(NFPM) $(GOMOD)

$(NFPM):
	@echo "building nfpm $(NFPM_VERSION) once, for packages"
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS=-mod=mod go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)
	@mv $(TOOLS)/nfpm $@ && ln -sf $(notdir $@) $(TOOLS)/nfpm

$(GOMOD):
	@echo "building cyclonedx-gomod $(GOMOD_VERSION) once, for the list of modules in packages"
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS=-mod=mod go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(GOMOD_VERSION)
	@mv $(TOOLS)/cyclonedx-gomod $@ && ln -sf $(notdir $@) $(TOOLS)/cyclonedx-gomod

# Stores sign with keys of their own. The CRX is for policies that install from a file.
## extension: the extension as stores and browsers take it: a zip, an xpi and a signed CRX (KEY=FILE is the release key)
extension:
	go run ./agent/dev/pack -out dist/extension $(if $(KEY),-key '$(KEY)')

## extension-lint: eslint, the types in its comments, and the checks that Firefox's store makes
extension-lint:
	@scripts/lint-extension.sh

## extension-test: the tests of the extension's own scripts, in node
extension-test:
	cd agent/extension && node --test

# The linter's own dependencies are many; it is kept out of go.mod and built once.
$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) once, for make check (some minutes)"
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS=-mod=mod go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $@

## lint: golangci-lint, which is built once (some minutes)
lint: $(GOLANGCI)
	$(GOLANGCI) fmt --diff
	$(GOLANGCI) run ./...

## fmt: bring Go code into its format
fmt: $(GOLANGCI)
	$(GOLANGCI) fmt

## vulncheck: look for known vulnerabilities, where the data of govulncheck can be had
vulncheck:
	@scripts/vulncheck.sh

setup-run:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test
	@scripts/npm.sh test

setup-packages:
	@scripts/setup.sh packages

setup-corpus:
	@scripts/setup.sh corpus
	@scripts/npm.sh test
	@scripts/npm.sh pages

## clean: remove what was built
clean:
	rm -rf $(BIN)

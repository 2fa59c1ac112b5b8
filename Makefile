# Gregor. `make` alone prints this help.
# Everything that is fetched goes to .cache/, which git ignores.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CACHE := $(CURDIR)/.cache
BIN := $(CACHE)/bin
DEPS := $(CURDIR)/test/deps
LINT_VERSION := v2.15.0
BINARY_LIMIT := 26214400
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
TEST_FLAGS ?= -p 2

export CGO_ENABLED := 0

.PHONY: help
help: ## print this help
	@echo "make targets:"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: build
build: ## build bin/gregor for this machine
	go build -trimpath -o bin/gregor ./cmd/gregor

.PHONY: test
test: ## run every test: Go's, then real clients against gregor and Apache Kafka
	@rm -rf $(CACHE)/run/report && mkdir -p $(CACHE)/run/report
	@find $(CACHE)/run -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + # left by runs that were killed
	@rc=0; \
	$(MAKE) --no-print-directory deps || rc=1; \
	$(MAKE) --no-print-directory test-go || rc=1; \
	$(MAKE) --no-print-directory test-real || rc=1; \
	test/report.sh $(CACHE)/run/report || rc=1; exit $$rc

.PHONY: test-go
test-go: ## run the tests of the Go packages only
	test/gotest.sh root . go test $(TEST_FLAGS) -timeout 900s ./...
	test/gotest.sh bench bench go test -timeout 60s ./...

.PHONY: crash-images
crash-images: ## check N=1000000 distinct crash images of the logs (make test: 20000) [SEED=1]
	go test ./internal/crash -run TestCrashImages -count=1 -timeout 0 -v -args \
	  -images $(or $(N),1000000) $(if $(SEED),-seed $(SEED))

.PHONY: test-real
test-real: deps build-test ## run the proofs against real clients and Apache Kafka only
	cd test && go run ./cmd/prove -report $(CACHE)/run/report

.PHONY: build-test
build-test:
	@mkdir -p $(BIN)
	go build -o $(BIN)/gregor-under-test ./cmd/gregor

.PHONY: check
check: $(BIN)/golangci-lint ## format, vet, lint, walls, generated files (warm: under a minute)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	cd test && go vet ./...
	[ ! -f bench/go.mod ] || (cd bench && go vet ./...)
	$(BIN)/golangci-lint run --allow-parallel-runners ./...
	cd test && $(BIN)/golangci-lint run --allow-parallel-runners --config ../.golangci.yml ./...
	go test ./internal/arch
	$(MAKE) --no-print-directory check-generated

.PHONY: check-generated
check-generated: ## fail when the generated code is not what Kafka's definitions say
	@if command -v mvn >/dev/null; then go run ./internal/msg/gen -fetch -check; \
	else echo "MISSING: mvn, so the generated code was not checked"; [ "$(CI)" != true ]; fi

.PHONY: generate
generate: ## write the generated Go and the generated pages again
	go generate ./...

.PHONY: cross
cross: ## build for every platform, without cgo, and check the size
	@mkdir -p $(CACHE)/cross
	@for p in $(PLATFORMS); do \
	  out=$(CACHE)/cross/gregor-$${p%/*}-$${p#*/}; \
	  GOOS=$${p%/*} GOARCH=$${p#*/} go build -trimpath -ldflags='-s -w' -o $$out ./cmd/gregor; \
	  size=$$(stat -c %s $$out 2>/dev/null || stat -f %z $$out); \
	  echo "$$p $$size bytes"; \
	  [ $$size -le $(BINARY_LIMIT) ] || { echo "$$p: larger than $(BINARY_LIMIT) bytes"; exit 1; }; \
	done

.PHONY: kill-cycles
kill-cycles: build-test ## kill -9 gregor N times under real clients [N=1000 SEED=7 BROKER=kafka PLAIN=1]
	cd test && GREGOR_BINARY=$(BIN)/gregor-under-test go test -count=1 -v -timeout $$((600 + $(or $(N),1000) * 5))s ./kills \
	  -args -cycles $(or $(N),1000) $(if $(SEED),-seed $(SEED)) $(if $(filter kafka,$(BROKER)),-kafka) $(if $(PLAIN),-plain)

.PHONY: image
image: ## build the container image without Docker, as .cache/image/gregor.tar
	cd test && go run ./cmd/image

.PHONY: suites
suites: build-test ## run the upstream client suites of SUITES=dir against gregor
	@[ -n "$(SUITES)" ] || { echo "usage: make suites SUITES=dir [ONLY='01-kgo 09-segmentio']"; exit 2; }
	cd test && CGO_ENABLED=1 go run ./cmd/suites -dir "$(abspath $(SUITES))" $(if $(ONLY),-only "$(ONLY)")

.PHONY: bench
bench: build-test ## measure against Apache Kafka and a floor [PAIRS=9 ROWS=produce-1k,commit SHORT=1]
	cd bench && go build -o $(BIN)/bench . && GREGOR_BINARY=$(BIN)/gregor-under-test \
	  exec $(BIN)/bench $(if $(PAIRS),-pairs $(PAIRS)) $(if $(ROWS),-rows $(ROWS)) $(if $(SHORT),-short)

.PHONY: deps
deps: ## fetch jars, Python packages and Node packages into .cache
	@test/deps/fetch.sh $(CACHE)

$(BIN)/golangci-lint:
	@mkdir -p $(BIN)
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: clean
clean: ## remove what was built (not what was fetched)
	rm -rf bin $(CACHE)/run $(CACHE)/cross

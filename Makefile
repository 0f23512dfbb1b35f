# Everything that people and CI run. `make` alone lists it.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready-to-develop

##@ Use
.PHONY: run
run: $(INSTALLED) ## Start a sandbox gateway on this machine; nothing leaves it
	@$(BIN)/wardmail run

##@ Develop
.PHONY: test
test: $(READY) peers ## Everything that CI runs: checks, then all tests, with real peers
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest

.PHONY: explore
explore: $(READY) ## Property tests with more examples, and other ones each time
	@WARDMAIL_EXAMPLES=exploring $(BIN)/pytest -m hypothesis --timeout=1200

.PHONY: check
check: $(READY) ## Style, types, layers, licences
	@$(BIN)/ruff check src tests bench scripts
	@$(BIN)/ruff format --check src tests bench scripts
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python scripts/check-licences

.PHONY: bench
bench: $(READY) ## Measure beside Postfix + OpenDKIM and Haraka; writes bench/results
	@scripts/install-test-peers bench
	@$(BIN)/python -m bench

.PHONY: detection
detection: $(READY) ## What the inspection finds in public corpora, and wrongly; writes bench/results/detection.md
	@$(BIN)/python -m bench.detection

.PHONY: peers
peers:
	@scripts/install-test-peers test

.PHONY: lock
lock: $(READY) ## Write requirements.lock anew from pyproject.toml
	@scripts/lock

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) .wardmail .mypy_cache .ruff_cache .pytest_cache .hypothesis bench/.work

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	@scripts/install $(VENV) requirements.lock
	@touch $@

$(READY): requirements-dev.lock pyproject.toml
	@scripts/install $(VENV) requirements-dev.lock
	@touch $(INSTALLED) $@

# Backtalk: `make run` starts the demo, `make test` runs everything that must hold.
#
# Both need Python 3.11 or newer and make everything else themselves: packages go into .venv from hashed locks,
# and pip and npm use whatever index they are configured for. PYTHON=… and VENV=… choose others.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
LOCK := $(PY) -m uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11
WEB_SOURCES := hatch_build.py $(shell find frontend -type f -not -path '*/node_modules*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help run build test check fix lock clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: $(VENV)/.run $(VENV)/.web ## install, build and start the demo bot
	@exec $(VENV)/bin/backtalk demo

build: $(VENV)/.web ## install, and build the browser parts

test: $(VENV)/.dev $(VENV)/.web $(VENV)/.express ## install what tests need and run everything
	@$(PY) -m tests.support.browser
	@$(MAKE) check
	@$(PY) -m pytest

check: $(VENV)/.dev ## formats, lint, types, import rules, browser parts
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) hatch_build.py check

fix: $(VENV)/.dev ## let the formatters mend what they can
	@$(VENV)/bin/ruff check --fix --exit-zero --quiet
	@$(VENV)/bin/ruff format
	@$(PY) hatch_build.py fix

lock: $(VENV)/.dev ## bring requirements/ and frontend/package-lock.json in line with what is asked for
	@$(PIP) uv
	@$(LOCK) pyproject.toml -o requirements/run.txt
	@$(LOCK) -c requirements/run.txt --group build -o requirements/build.txt
	@$(LOCK) -c requirements/run.txt --group node -o requirements/node.txt
	@$(LOCK) -c requirements/run.txt pyproject.toml --group dev -o requirements/dev.txt
	@$(PY) hatch_build.py npm install --package-lock-only

clean: ## remove what was installed and built
	rm -rf $(VENV) frontend/node_modules examples/backends/express/node_modules src/backtalk/http/static/built dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results

# --- what stands behind them; each file is a stamp -----------------------------------------------------------

$(VENV)/.made:
	@PYTHON="$${PYTHON:-}" VENV="$(VENV)" ./requirements/make-venv
	@touch $@

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/.made
	@echo 'Installing the packages that Backtalk runs on'
	@$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@BACKTALK_SKIP_WEB=1 $(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo 'Installing what tests and checks need'
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# What the example with Express is made of
$(VENV)/.express: examples/backends/express/package-lock.json $(VENV)/.dev
	@$(PY) hatch_build.py npm ci --prefix ../examples/backends/express --ignore-scripts --no-audit --no-fund
	@touch $@

# Node from the package index, only where the machine has none that fits
$(VENV)/.web: $(WEB_SOURCES) $(VENV)/.run
	@echo 'Building the browser parts'
	@$(PY) hatch_build.py has-node || $(PIP) --require-hashes -r requirements/node.txt
	@$(PY) hatch_build.py
	@touch $@

# make setup | demo | test | clients | faults | mutants | lint | check | peers | bench | docs | lock | clean
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# the first Python here that runs and fits
FITS = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do $$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
# what an installation depends on; a changed digest means that it has to be done again
RUNTIME_DIGEST = $$(cat requirements/runtime.txt pyproject.toml | cksum)
DEV_DIGEST = $$(cat requirements/dev.txt pyproject.toml | cksum)
# editable, and without asking any registry: everything it needs is in the hashed lock
EDITABLE = $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
LOCKED = $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r
WORKERS ?= 2

.PHONY: help setup setup-dev demo test clients faults mutants lint check peers bench docs lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: .venv/bin/python ## Install what Tongmai needs to run, into .venv (nothing is done when nothing has changed)
	@if [ "$$(cat .venv/.runtime 2>/dev/null)" != "$(RUNTIME_DIGEST)" ] || [ ! -x $(BIN)/tongmai ]; then \
	  echo "installing the runtime lock into .venv"; \
	  $(LOCKED) requirements/runtime.txt && $(EDITABLE) && echo "$(RUNTIME_DIGEST)" > .venv/.runtime; \
	fi

setup-dev: setup
	@if [ "$$(cat .venv/.dev 2>/dev/null)" != "$(DEV_DIGEST)" ]; then \
	  echo "installing the development lock into .venv"; \
	  $(LOCKED) requirements/dev.txt && echo "$(DEV_DIGEST)" > .venv/.dev; \
	fi

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Tongmai needs Python 3.11, 3.12 or 3.13 with venv. Next: install one (Debian, Ubuntu: apt-get install python3 python3-venv), or make setup PYTHON=/path/to/python3.11" >&2; \
	  echo "通脉需要 Python 3.11、3.12 或 3.13（含 venv）。请先安装，或执行 make setup PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi
	@$(PYTHON) -m venv .venv

demo: setup ## Run the demo
	@$(BIN)/tongmai demo

lint: setup-dev ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: setup ## Check every YAML file, as CI does
	$(BIN)/tongmai check

test: lint ## Lint, then every test
	$(BIN)/python -m pytest -n $(WORKERS)

clients: ## Install the JavaScript clients that tests run against our simulators (needs Node and npm)
	cd tests/clients && npm ci --ignore-scripts --no-fund --no-audit

faults: setup-dev ## Every fault over 1,000 deals each, an hour at a time (goes on where it stopped)
	$(BIN)/python -m tests.faults

mutants: setup-dev ## Take the guards of the product away one by one: an invariant must fall each time
	@$(BIN)/python -m tests.mutants

peers: ## Install what `make bench` compares ours with, into .venv-peers
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/peers.txt

bench: setup-dev ## Measure
	$(BIN)/python -m bench

docs: setup ## Make the generated pages of docs/reference anew
	for page in cli files errors findings connectors; do \
	  TONGMAI_LANG=en $(BIN)/python -m tongmai.cli.reference $$page > docs/reference/$$page.md; \
	  TONGMAI_LANG=zh $(BIN)/python -m tongmai.cli.reference $$page > docs/reference/$$page.zh-CN.md; \
	done
	$(BIN)/python -m tongmai.cli.reference.rules docs/reference/rules
	TONGMAI_PATH= $(BIN)/python -m tongmai.cli.reference.dictionary docs/reference/dictionary
	$(BIN)/python -m mappings.language.reference > docs/reference/mapping-functions.md
	$(BIN)/python -m mappings.language.reference language > docs/reference/mapping-language.md

lock: setup-dev ## Make the hashed locks anew from requirements/*.in (needs uv: https://docs.astral.sh/uv/)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements/runtime.in -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements/peers.in -o requirements/peers.txt

clean: ## Stop the servers of this folder, remove .venv and caches; the data in .tongmai stays
	@if [ -x $(BIN)/tongmai ]; then $(BIN)/tongmai down; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

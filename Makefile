# Two commands matter: `make demo` and `make test`. Both set up whatever is missing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORK ?= demo
STACK ?=
PORT ?= 8866
PYTEST_ARGS ?=

FRONTEND_SOURCES := $(shell find js -type f 2>/dev/null) package.json package-lock.json tsconfig.json
BUILT := src/insar_widgets/static/.built

.PHONY: help setup demo test lint docs screenshots screens audit test-python test-js browser bench soak slurm lock clean

help:
	@echo "make demo               set up, simulate a stack, run MintPy on it, open the page"
	@echo "make demo STACK=folder  the same for your own HyP3 products"
	@echo "make test               set up, then all checks and tests"
	@echo "make bench              performance as ratios measured in one run"
	@echo "make slurm              runs on a real Slurm, installed if need be (root)"
	@echo "make soak               endurance: runs killed over and over, for an hour or so"
	@echo "make lint               only the linters and type checkers"
	@echo "make docs               the documentation site, into docs/_build/html"
	@echo "make screenshots        its pictures anew, from the real widgets"
	@echo "make screens            every screen of the widgets in both themes, to look at, into screens/"
	@echo "make audit              known vulnerabilities of what is installed (asks PyPI and npm)"

setup: $(VENV)/.installed $(BUILT)

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' \
	  || { echo "Python 3.12 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is not whole. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed to build the front end. On Debian and Ubuntu: apt-get install nodejs npm"; exit 1; }
	npm ci --no-audit --no-fund
	@touch $@

$(BUILT): node_modules/.installed $(FRONTEND_SOURCES)
	npm run --silent build
	@touch $@

# The simulated stack, or the user's; the whole workflow; then the page. CI=true stops before the page.
demo: setup
ifeq ($(STACK),)
	$(BIN)/insar-widgets simulate $(WORK)/products --reuse
	$(BIN)/insar-widgets run $(WORK)/products --work-dir $(WORK)/mintpy --verify
else
	$(BIN)/insar-widgets run "$(STACK)" --work-dir $(WORK)/mintpy --verify
endif
ifneq ($(CI),true)
	$(BIN)/insar-widgets app $(WORK)/mintpy --port $(PORT)
endif

# Debian's chromium drives the browser tests; without it, and without the right to install it, they are skipped.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  sudo=""; if [ "$$(id -u)" != 0 ]; then sudo="sudo -n"; fi; \
	  if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
	    echo "Installing Debian's chromium for the browser tests"; \
	    $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else \
	    echo "No chromium, and no right to install it: the browser tests will be skipped"; \
	  fi; }

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent lint
	npm run --silent typecheck

test-js: setup
	npm test --silent

# The site, without the internet; warnings are errors. tests/test_docs.py then looks at what was built.
docs: setup
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --jobs auto docs docs/_build/html

screenshots: setup browser
	$(BIN)/python docs/screenshots.py $(NAMES)

screens: setup browser
	$(BIN)/python docs/screens.py $(NAMES)

# Asks the advisory databases, so it needs the internet and is no part of `make test`
audit: setup
	$(BIN)/uv tool run pip-audit --disable-pip --require-hashes -r requirements.lock
	npm audit

test-python: setup browser docs
	$(BIN)/python -m pytest -n 3 --dist loadscope $(PYTEST_ARGS)

test: lint test-js test-python

# A real Slurm on this machine; `make test` runs these tests too, where it is installed. Needs root.
slurm: setup
	@command -v slurmctld >/dev/null || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null; }
	$(BIN)/python -m pytest -p no:xdist $(PYTEST_ARGS) tests/runner/test_slurm.py

# Runs killed over and over: an hour or so
soak: setup
	$(BIN)/python -m pytest -p no:xdist -m soak -s $(PYTEST_ARGS) tests

bench: setup
	$(BIN)/python -m benchmarks

# Resolve all packages again, newest first, for every platform; run after changing pyproject.toml
lock:
	$(BIN)/uv pip compile pyproject.toml --extra mintpy --group dev --universal --python-version 3.12 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock

clean:
	rm -rf $(VENV) node_modules $(WORK) dist src/insar_widgets/static/*.js src/insar_widgets/static/*.css $(BUILT) docs/_build

# Everything a fresh machine needs is Python 3.11 or newer and make.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PEER := .venv-eocanvas
PEER_HDA := .venv-hda
AIRFLOW := .venv-airflow
PREFECT := .venv-prefect
BESIDE := $(PEER)/installed $(PEER_HDA)/installed $(AIRFLOW)/installed $(PREFECT)/installed
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help setup shells demo test coverage check bench drain coastline schemas docs site screenshots clean

help:
	@echo "make demo     set up and run a campaign against the embedded emulator"
	@echo "make test     set up, check style and types, and run the tests"
	@echo "make check    style and types only"
	@echo "make coverage the tests with the branches that they reach; takes twice as long"
	@echo "make coastline write the land of the report's map anew; needs npm"
	@echo "make schemas  write schemas/*.json anew"
	@echo "make docs     write docs/reference/*.md and docs/inputs.md anew; takes a minute"
	@echo "make site     the documentation as a site, in build/site"
	@echo "make screenshots  record the terminal session and photograph the report for docs/assets; takes a minute"
	@echo "make bench    whole-process times and memory, as ratios; takes a quarter of an hour; BENCH=GROUP for a part, BENCH=--docs for the page"
	@echo "make drain    several runners, killed at random, carry out 1,000 jobs; writes the figures into docs/shared-ledgers.md"
	@echo "make setup    the environments only;  make clean removes them"

setup: .venv/installed-dev .venv/browser $(BESIDE) shells

demo: .venv/installed
	@$(BIN)/eocanvas-apply demo

check: .venv/installed-dev
	$(BIN)/ruff check eocanvas_apply tests bench docs examples/ci
	$(BIN)/ruff format --check eocanvas_apply tests bench docs examples/ci
	$(BIN)/mypy

test: check .venv/browser $(BESIDE) shells
	$(BIN)/python -m pytest -n 2 --dist worksteal

coverage: .venv/installed-dev .venv/browser $(BESIDE) shells
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

# The land of the map; needs npm, and is done again only for a newer edition.
coastline: .venv/installed-dev
	$(BIN)/python -m docs.coastline

schemas: .venv/installed-dev
	$(BIN)/python -m eocanvas_apply.cli.commands.schema schemas

docs: .venv/installed-dev
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.terminal_scenes
	$(BIN)/python -m tests.fuzz.inputs_page

# The variable silences what the theme prints about its own future.
site: .venv/installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

screenshots: .venv/installed-dev
	$(BIN)/python -m docs.screenshots

bench: .venv/installed $(PEER)/installed
	$(BIN)/python -m bench $(BENCH)

drain: .venv/installed-dev
	DRAIN_JOBS=1000 $(BIN)/python -m pytest -q tests/end_to_end/test_drain.py

.venv/created:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/created pyproject.toml constraints.txt
	$(BIN)/python -m pip install $(PIP_FLAGS) --constraint constraints.txt --editable '.[emulator,s3]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install $(PIP_FLAGS) --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Completion is tested in these shells too. Where they may not be installed, the tests of those that are missing are
# skipped, and fail in CI.
shells:
	@command -v zsh >/dev/null && command -v fish >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null \
		|| { apt-get update -qq && apt-get install -qq -y --no-install-recommends zsh fish >/dev/null; } \
		|| echo "zsh and fish cannot be installed here: completion is tested in the shells that are there"

# The browser of the tests is the machine's own, or Debian's.
.venv/browser: .venv/installed-dev
	$(BIN)/python -m tests.browser.chromium
	@touch $@

# The official client pins an old cryptography, so it lives in an environment of its own.
$(PEER)/installed: tests/peers/constraints.txt | .venv/created
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install $(PIP_FLAGS) --constraint tests/peers/constraints.txt eocanvas==2.0.1
	@touch $@

$(PEER_HDA)/installed: tests/peers/constraints-hda.txt | .venv/created
	$(PYTHON) -m venv $(PEER_HDA)
	$(PEER_HDA)/bin/python -m pip install $(PIP_FLAGS) --constraint tests/peers/constraints-hda.txt hda==2.40
	@touch $@

# The schedulers of the examples bring more than a hundred packages each, in versions of their own.
$(AIRFLOW)/installed: tests/schedulers/constraints-airflow.txt pyproject.toml | .venv/created
	$(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/python -m pip install $(PIP_FLAGS) --constraint tests/schedulers/constraints-airflow.txt apache-airflow==3.3.2 --editable .
	@touch $@

$(PREFECT)/installed: tests/schedulers/constraints-prefect.txt pyproject.toml | .venv/created
	$(PYTHON) -m venv $(PREFECT)
	$(PREFECT)/bin/python -m pip install $(PIP_FLAGS) --constraint tests/schedulers/constraints-prefect.txt prefect==3.9.1 --editable .
	@touch $@

clean:
	rm -rf .venv $(PEER) $(PEER_HDA) $(AIRFLOW) $(PREFECT) .demo .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find eocanvas_apply tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

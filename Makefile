# Circles: `make run` starts the site, `make test` runs all tests. Paths are relative, so that a clone may lie in a path
# with spaces; `make -C /path/to/clone run` works from anywhere.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .data
WORKERS ?= auto
export PORT DATA_DIR

PY := .venv/bin/python
# In the order of the folders, so that the browser and the races, which take longest, do not come last.
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

MODEL_EXAMPLES ?= 100

.PHONY: help run check test drill model lint types bench lock screenshots clean _python _run _dev

help:
	@echo "make run          start the site in practice mode at http://127.0.0.1:$(PORT)"
	@echo "make check        lint, types and the quick tests: all but the browser, the races and the drills"
	@echo "make test         lint, types and all tests"
	@echo "make test ARGS=tests/bookings    only these tests; ARGS go to pytest as they are"
	@echo "make drill        break what the site stands on (kill, freeze, fill, restart) and see that nothing is lost"
	@echo "make model        thousands of random operations with money, of another seed each time (MODEL_EXAMPLES=$(MODEL_EXAMPLES))"
	@echo "make bench        measure response times and throughput; ARGS=--no-growth leaves out a community of a million"
	@echo "make lock         resolve the requirements anew and write their lock files"
	@echo "make screenshots  take the pictures of docs/screenshots"
	@echo "make clean        delete .venv and everything else that is installed or cached"
	@echo "Variables: PORT ($(PORT)), DATA_DIR ($(DATA_DIR)), PYTHON ($(PYTHON)), WORKERS of the tests ($(WORKERS))"

run: _run
	@exec $(PY) -m circles serve

check: lint types
	@exec $(PYTEST) --ignore=tests/browser --ignore=tests/races --ignore=tests/drills

ifdef ARGS
test: _dev
	@exec $(PY) -m pytest $(ARGS)
else
# One shell, so that the first failure ends it and pytest's last line is the last line of the output.
test: _dev
	@set -e; \
	CIRCLES_CHROMIUM="$$($(PY) -m tests.browser.find --install)"; export CIRCLES_CHROMIUM; \
	$(MAKE) --no-print-directory lint types; \
	exec $(PYTEST)
endif

# All fault drills, also those that wait for real deadlines and outages. One at a time: each needs the machine.
drill: _dev
	@exec $(PY) -m pytest tests/drills -m "" --timeout=600 $(ARGS)

# ARGS=--hypothesis-seed=7 repeats a run.
model: _dev
	@CIRCLES_MODEL_EXAMPLES=$(MODEL_EXAMPLES) exec $(PY) -m pytest tests/payments/model -n 0 -m model $(ARGS)

lint: _dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@.venv/bin/squawk sql/migrations/*.sql

types: _dev
	@$(PY) -m basedpyright

bench: _dev
	@exec $(PY) -m tests.bench $(ARGS)

screenshots: _dev
	@CIRCLES_CHROMIUM="$$($(PY) -m tests.browser.find --install)" $(PY) scripts/screenshots.py

LOCK := ../$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links \
	--no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse

# django-htmx is locked for its htmx file alone, so Django and its dependencies are left out.
lock: _dev
	cd requirements && $(LOCK) runtime.in -o runtime.txt && $(LOCK) dev.in -o dev.txt

clean:
	rm -rf .venv .pytest_cache .ruff_cache static/vendor circles/directory/listing/zips.txt

_python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Circles needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1 || true)." >&2; \
	echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }

_run: _python
	@"$(PYTHON)" scripts/setup.py runtime
	@$(PY) -m circles assets

_dev: _python
	@"$(PYTHON)" scripts/setup.py dev
	@$(PY) -m circles assets

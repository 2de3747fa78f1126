# make demo: set up and grade the samples. make test: set up and check everything. Both are quick the second time.
BIN := .venv/bin
OUT ?= out/demo

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo samples test format

help:
	@echo "make demo   set up, grade submissions/ and show the marks (OUT=$(OUT))"
	@echo "make samples  the same, then compare the marks with those expected"
	@echo "make test   set up, check format, types and imports, run the tests"
	@echo "make setup  make .venv and install what the system lacks"
	@echo "make format lay out the code"

setup:
	@scripts/setup

setup-tests:
	@scripts/setup tests

demo: setup
	@$(BIN)/grader grade submissions --rubric rubrics/fashion_mnist.yaml --out $(OUT)

samples: demo
	@$(BIN)/python tests/compare_samples.py $(OUT)

test: setup-tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

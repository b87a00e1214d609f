# `make` alone lists the targets. CI runs the same ones.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down test lint golden bench requirements clean clean-cache

PROVINCE ?= lam-dong
UNITS ?= pilot
BIN := .venv/bin

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make ready what is needed: packages, .venv, the Pulumi CLI, the lab's base image
	@toolchain/setup

demo: setup ## a province on lab hosts, from check to an empty second plan (UNITS=all, PROVINCE=nghe-an)
	@PROVINCE=$(PROVINCE) UNITS=$(UNITS) toolchain/demo.sh

demo-down: ## stop the demo's lab and remove its hosts
	$(BIN)/haicap -C build/demo lab down $(PROVINCE)

test: setup lint ## lint, then all tests; the lab's need root and are skipped without (ARGS="-k dns")
	$(BIN)/pytest $(ARGS)

lint: setup ## ruff, mypy and the order of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

golden: setup ## write the expected files of the tests anew; review them with git diff
	HAICAP_GOLDEN=write $(BIN)/pytest tests/cases tests/unit/cli/test_diff.py

bench: setup ## measure the speeds in docs/benchmarks.md (ARGS=--lab: first applies on lab hosts too)
	$(BIN)/python toolchain/bench.py $(ARGS)

requirements: setup ## lock the Python packages again after a change in pyproject.toml
	toolchain/lock-requirements

clean: ## remove what the targets made in the checkout, but not .venv
	@for folder in build/demo/inventories/*/; do \
		[ ! -d "$$folder" ] || $(BIN)/haicap -C build/demo lab down "$$(basename "$$folder")"; \
	done
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

clean-cache: ## free the space outside the checkout, after asking
	@toolchain/clean-cache

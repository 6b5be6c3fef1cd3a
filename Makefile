SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= 20000

.DEFAULT_GOAL := help
.PHONY: help setup demo env test test-faults test-guards fuzz lint check bench bench-compare bench-stages eval eval-words kibana lock clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(VENV)/.installed ## Install the project and its locked dependencies into .venv

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Nyumba needs Python 3.11 or newer; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## From nothing to the running service on 127.0.0.1:8000, until Ctrl-C
	@exec $(BIN)/nyumba demo

env: ## Write the passwords that compose needs into .env; those that are there stay
	@$(PYTHON) -m nyumba.env_file

test: setup ## Run every test, against a real PostgreSQL and Elasticsearch
	@$(BIN)/pytest --numprocesses 2 --no-loadscope-reorder

test-faults: setup ## Break the servers for real and at length: kills, outages, restarts, a cluster that loses a node
	@$(BIN)/pytest -m faults tests/faults

test-guards: setup ## Take each mechanism out of a copy of the code, and see its fault test fail; WORDS="…" for some
	@$(BIN)/python -m tests.faults.taking_out $(WORDS)

fuzz: setup ## Try every route at random and at length, against what OpenAPI says of it
	@$(BIN)/pytest -m fuzz tests/e2e

lint: setup ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

check: lint test ## Everything that CI checks: lint and all tests

bench: setup ## Measure as ratios against baselines, into docs/benchmarks.md; SIZE=200000 for more listings
	@$(BIN)/python -m bench --size $(SIZE)

bench-compare: setup ## Measure again, and fail where a ratio got worse by more than a tenth
	@$(BIN)/python -m bench --size $(SIZE) --compare

bench-stages: setup ## Where the time of a search goes, stage by stage
	@$(BIN)/python -m bench.stages --size $(SIZE)

eval: setup ## How well it ranks: NDCG@10 by kind of query, against baselines and what was kept
	@$(BIN)/python -m evaluation.ranking

eval-words: setup ## How well typed queries are understood: precision and recall on the judged set
	@$(BIN)/python -m evaluation.words

kibana: setup ## Write kibana/nyumba.ndjson anew, and draw its panels into docs/kibana
	@env -u NYUMBA_SEARCH_ALIAS -u NYUMBA_EVENTS_PREFIX $(BIN)/nyumba-indexer kibana-import --ndjson > kibana/nyumba.ndjson
	@$(BIN)/python -m bench.pictures

lock: setup ## Resolve the dependencies anew into requirements/
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade pyproject.toml -o requirements/base.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade pyproject.toml --extra dev -c requirements/base.txt -o requirements/dev.txt

clean: ## Remove what was installed and built here; data and downloads stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

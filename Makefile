PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help up demo screenshots test lint bench chaos soak fuzz lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: .venv/embedded  ## everything in one process, nothing else installed; PYTHON=python3.12 picks an interpreter
	@$(BIN)/callsheet up

demo: .venv/dev  ## the same with the past of a shop to look at, in a folder of its own; RUNS=5000000 PORT=8001 DATA=folder SEED=1
	@RUNS=$(RUNS) SEED=$(SEED) $(BIN)/python -m tests.demo

screenshots: .venv/pictures  ## pictures of every page of the demo, light and dark, into docs/screenshots/; needs Chromium
	@$(BIN)/python -m tests.demo.screenshots

test: .venv/dev  ## all tests, on real servers; ARGS="tests/scheduling -k cron" for a part
	@$(BIN)/python -m tests.servers.prepare
	$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

lint: .venv/dev  ## style and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

bench: .venv/bench  ## how fast, on servers of its own; ARGS="drain burst --runs 1" for a part, SIZE=5000000 for a long history
	@$(BIN)/python -m tests.servers.prepare
	$(BIN)/python -m tests.benchmarks $(ARGS) $(if $(SIZE),--history $(SIZE))

chaos: .venv/dev  ## every fault by itself, an upgrade, restores; FAULTS="kill RabbitMQ" chooses by a part of the name
	$(BIN)/python -m tests.chaos $(if $(FAULTS),"$(FAULTS)")

soak: .venv/dev  ## a random mix of all faults: MINUTES=20 SEED=1
	MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m tests.chaos.soak

fuzz: .venv/dev  ## odd values in every field, and 5,000 calls generated from the OpenAPI document with each of two tokens: SEED=1
	SEED=$(SEED) $(BIN)/python -m tests.fuzz

.venv/embedded: requirements-embedded.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("callsheet needs Python 3.11 or later: make PYTHON=/path/to/python3")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3 has no venv module: on Debian, apt-get install python3-venv"; exit 1; }
	@echo "callsheet installs what it needs into .venv, once: this takes a minute or two"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-embedded.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

.venv/dev: .venv/embedded requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

.venv/bench: .venv/dev tests/benchmarks/requirements.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r tests/benchmarks/requirements.txt
	@touch $@

.venv/pictures: .venv/dev tests/demo/requirements.txt
	$(BIN)/python -m pip install --quiet -r tests/demo/requirements.txt
	@touch $@

FLAGS = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
LOCK = uv pip compile pyproject.toml $(FLAGS)

lock:  ## renew the locked requirements; needs uv
	$(LOCK) -o requirements.txt
	$(LOCK) --extra embedded -c requirements.txt -o requirements-embedded.txt
	$(LOCK) --extra embedded --extra otel --extra test --extra dev -c requirements-embedded.txt -o requirements-dev.txt
	$(LOCK) --extra otel -c requirements-dev.txt -o requirements-otel.txt
	echo 'apscheduler>=3.10,<4' | uv pip compile - $(FLAGS) -c requirements-dev.txt -o tests/benchmarks/requirements.txt

clean:  ## remove the environment and what builds and tests leave
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache

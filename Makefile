# The commands a newcomer needs. Each does its whole set-up first (see .ci/setup); the second run of each starts in seconds.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo tablet test lint bench simulate soak

BIN := .venv/bin
DATA ?= demo-data
TESTS ?= tests
truthy = $(filter-out 0 no false,$(1))
# Debian keeps PostgreSQL's own programs off the PATH.
TEST_PATH = $(CURDIR)/$(BIN):$$PATH:$(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin)))

help: ## this list
	@echo 'make COMMAND [NAME=value …]'
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: ## a synthetic county at work: server, eight tablets, coverage that rises (FRESH=1 PORT= DATA= HOUSEHOLDS= NO_BROWSER=1)
	@.ci/setup demo
	@exec $(BIN)/cleanheat demo --data "$(DATA)" $(if $(call truthy,$(FRESH)),--fresh) $(if $(PORT),--port $(PORT)) \
		$(if $(HOUSEHOLDS),--households $(HOUSEHOLDS)) $(if $(call truthy,$(NO_BROWSER)),--no-browser)

tablet: ## the surveyor's window, enrolled at the running demo (DATA= as given to it)
	@test -f "$(DATA)/demo.json" || { echo 'No demo in $(DATA): first start "make demo" in another terminal, and give DATA= here as there.' >&2; exit 1; }
	@.ci/setup tablet
	@exec $(BIN)/cleanheat-tablet --demo "$(DATA)/demo.json"

test: ## every test, two at a time (TESTS=tests/sync for some)
	@.ci/setup test
	@PATH="$(TEST_PATH)" $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 1 --durations 10 $(TESTS)

lint: ## ruff, formatting, types, who may import whom
	@.ci/setup demo
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The second half needs root: it makes a link of its own, as bad as a village's. PouchDB is measured beside where there is Node.
bench: ## the measurements, one at a time: ours, then sync on a bad line (RUNS=5)
	@.ci/setup test
	@failed=0; $(BIN)/python -m pytest tests/benchmarks || failed=1; \
		PATH="$(TEST_PATH)" $(BIN)/cleanheat bench sync --pouchdb .build/pouchdb --runs $(or $(RUNS),5) || failed=1; exit $$failed

simulate: ## a county from each of many seeds, with faults, checked (SEEDS=200 SEED= the first, SIZE=small|large)
	@.ci/setup demo
	@exec $(BIN)/cleanheat simulate --seeds $(or $(SEEDS),200) --seed $(or $(SEED),0) --size $(or $(SIZE),small)

# A broken promise of a seed does not spare the kills: both parts run, and either one fails the whole. One of these
# tests may take longer than the ordinary run lets any.
soak: ## long loops of kills and seeds that the tests only sample (SEEDS=5000 small and a tenth of it large, SEED= the first)
	@.ci/setup test
	@failed=0; $(BIN)/cleanheat simulate --seeds $(or $(SEEDS),5000) --seed $(or $(SEED),0) || failed=1; \
		$(BIN)/cleanheat simulate --size large --seeds $$(( ($(or $(SEEDS),5000) + 9) / 10 )) --seed $(or $(SEED),0) || failed=1; \
		PATH="$(TEST_PATH)" $(BIN)/python -m pytest -n 2 -m soak -o faulthandler_timeout=7200 tests || failed=1; exit $$failed

# Every command a user or CI needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ROOT := .aisle
UV := $(shell command -v uv 2>/dev/null || echo $(ROOT)/uv/bin/uv)
BIN := .venv/bin
ARGS ?=
DATA ?=

# Python keeps what it compiled, whatever the shell says: each process of a stack would compile some 2,800 files anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: .venv/.ready $(ROOT)/jars/.ready $(ROOT)/compiled ## Install everything: the locked Python environment and the JVM artefacts

$(ROOT)/uv/bin/uv:
	python3.11 -m venv $(ROOT)/uv && $(ROOT)/uv/bin/pip install -q uv

.venv/.ready: requirements.lock pyproject.toml | $(if $(filter $(ROOT)/%,$(UV)),$(UV))
	@echo "installing the locked Python environment (a minute or two, the first time)"
	@test -x $(BIN)/python || $(UV) venv -q --python 3.11 .venv
	$(UV) pip sync -q --require-hashes requirements.lock
	$(UV) pip install -q --no-deps --no-build-isolation -e .
	$(BIN)/python -c "import feature_store.live.window_totals"  # keeps its machine code
	@touch $@

$(ROOT)/jars/.ready: pom.xml
	@command -v mvn >/dev/null || { echo "error: mvn is not on the PATH: install Maven 3.8 or later"; exit 2; }
	@rm -rf $(ROOT)/jars
	mvn -q -B -Pkafka dependency:copy-dependencies -DoutputDirectory=$(ROOT)/jars/kafka -DincludeScope=runtime
	mvn -q -B -Pspark dependency:copy-dependencies -DoutputDirectory=$(ROOT)/jars/spark -DincludeScope=runtime
	@touch $@

$(ROOT)/compiled: .venv/.ready $(wildcard ml_modeling/recommending/*.py)
	@echo "compiling the recommender (a minute, the first time)"
	@$(BIN)/python -m ml_modeling.compile_recommender
	@mkdir -p $(ROOT) && touch $@

.PHONY: demo
demo: setup ## Run the whole of it, live (ARGS=--once verifies and stops; DATA=FILE uses real events)
	$(BIN)/aisle demo $(if $(DATA),--data $(DATA)) $(ARGS)

.PHONY: lint
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

# Files go to two processes; the other tests start servers of their own, and have the machine for themselves.
.PHONY: unit
unit: setup
	$(BIN)/pytest tests/unit -n 2 --dist loadfile

.PHONY: check
check: setup ## Lint, types, import rules, unit tests: under 2 minutes, before every commit
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint unit

# Debian's package has it, 19 MB; to build it takes minutes. What is on the PATH is as good.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo -n)
PROMTOOL_DIR := $(ROOT)/prometheus
$(ROOT)/promtool:
	@mkdir -p $(ROOT) && rm -rf $(PROMTOOL_DIR)
	@if command -v promtool >/dev/null; then ln -s "$$(command -v promtool)" $@; exit; fi; \
	command -v apt-get >/dev/null || { echo "error: promtool is not on the PATH: install Prometheus"; exit 2; }; \
	echo "fetching promtool"; mkdir $(PROMTOOL_DIR); cd $(PROMTOOL_DIR); \
	apt-get -qq -o APT::Sandbox::User=root download prometheus || { $(SUDO) apt-get -qq update; apt-get -qq -o APT::Sandbox::User=root download prometheus; }; \
	dpkg-deb -x prometheus_*.deb . && mv usr/bin/promtool ../promtool
	@rm -rf $(PROMTOOL_DIR)

.PHONY: test
test: check $(ROOT)/promtool ## Everything that must pass: lint, types, import rules, all tests
	$(BIN)/pytest -m "not slow" tests/integration tests/e2e

.PHONY: test-slow
test-slow: setup ## The tests that take minutes each, such as ten kills (ARGS="--seed N" repeats their moments)
	$(BIN)/pytest -m slow -s $(ARGS)

.PHONY: clients
clients: setup ## Make the clients' types anew from the servers' OpenAPI documents; needs npm
	$(BIN)/python clients/python/client_types.py
	cd clients/typescript && npm ci --silent && npm run --silent generate && npm run --silent check

.PHONY: bench-stream
bench-stream: setup ## Measure the streams: events a second, latency to silver, lost, doubled (ARGS="--seconds 600")
	$(BIN)/python -m benchmarks.stream $(ARGS)

.PHONY: bench-batch
bench-batch: setup ## Measure the batch tables: what a day costs after few days and after many
	$(BIN)/python -m benchmarks.batch $(ARGS)

.PHONY: bench-ingest
bench-ingest: setup ## Measure the HTTP collector: events a second on one core, lost, doubled
	$(BIN)/python -m benchmarks.ingest

.PHONY: bench-features
bench-features: setup ## Measure features: freshness, reads beside Feast's, materializing, training sets (ARGS="reads" runs one part)
	$(BIN)/python -m benchmarks.features $(ARGS)

.PHONY: bench-models
bench-models: setup ## Measure the models: the recommender on RetailRocket (ARGS="retailrocket" runs one part)
	$(BIN)/python -m benchmarks.models $(ARGS)

.PHONY: bench-serving
bench-serving: setup ## Measure the model server over HTTP: the whole path, a bare FastAPI, peers (ARGS="ours --seconds 60" runs one part)
	$(BIN)/python -m benchmarks.serving_http $(ARGS)

# bindgen 0.59, which Serenade is locked to, fails on what libclang 16 and later say of unnamed enums.
.PHONY: serenade
serenade: setup ## Build Serenade, a peer of make bench-serving; needs cargo and a C++ compiler
	$(UV) pip install -q --target $(ROOT)/libclang libclang==14.0.6
	LIBCLANG_PATH=$(abspath $(ROOT))/libclang/clang/native BINDGEN_EXTRA_CLANG_ARGS="-I$$(cc -print-file-name=include)" \
		cargo install -q serenade --version 0.3.1 --locked --root $(ROOT)/serenade

.PHONY: bench-scoring
bench-scoring: setup ## Measure batch scoring: a million customers' lists made and online (ARGS="--model co_visitation")
	$(BIN)/python -m benchmarks.scoring $(ARGS)

.PHONY: airflow
airflow: setup ## Run Airflow with Aisle's DAGs
	$(BIN)/aisle airflow $(ARGS)

.PHONY: lock
lock: ## Resolve the versions again into requirements.lock
	$(UV) pip compile -q pyproject.toml --group dev --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements.lock

.PHONY: clean
clean: ## Remove the environment, the JVM artefacts and all data
	rm -rf .venv $(ROOT) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-summary.json

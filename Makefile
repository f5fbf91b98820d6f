# Everything happens below this directory: packages in .venv and its like, caches in .cache, the demo in .demo.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
KEEP ?=
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export UV_LINK_MODE := hardlink
BIN := .venv/bin
READY := .venv/.ready
OLDEST := .venv-3.1
COMPOSE := .venv-compose
# What imports Airflow.
OLDEST_TESTS := tests/unit/provider tests/integration/provider \
  $(addprefix tests/e2e/test_, tasks_that_end.py credentials_canary.py explaining.py) \
  $(addprefix tests/contract/test_, imports.py provider_metadata.py readme.py errors_document.py)
RESOLVE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-header --extra local --group dev pyproject.toml
# Of the versions in dev.txt, so that the images have what the tests run with.
RESOLVE_IMAGE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --constraint requirements/dev.txt

.PHONY: help demo demo-stop test test-3.1 test-cluster test-compose lint docs bench lock clean

help:  ## Show this list
	@grep -hE '^[a-z0-9.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## Run the example DAG on a real Airflow and an embedded cluster (KEEP=1: leave it running)
	@$(BIN)/python -m demo run $(if $(KEEP),--keep)

demo-stop: $(READY)  ## End what `make demo KEEP=1` left running
	@$(BIN)/python -m demo stop

test: lint  ## Check style, types and layers, then run the whole test suite
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

test-3.1: $(OLDEST)/.ready  ## Run the tests of the provider on the oldest Airflow that it supports
	@$(OLDEST)/bin/python -m pytest --quiet \
	  --numprocesses=auto --maxprocesses=4 --dist=loadfile $(OLDEST_TESTS)

# The scripts' own DataCubes must be left alone: no conformance where a controller is there already.
test-cluster: $(READY)  ## Run what can be run on any cluster: KUBECONFIG=…, and IMAGE, STORAGE_CLASS, ADDRESS, CONTROLLER
	@test -n "$(KUBECONFIG)" || { echo "name a cluster: make test-cluster KUBECONFIG=…"; exit 1; }
	@$(BIN)/python -m pytest --kubeconfig "$(KUBECONFIG)" \
	  $(if $(IMAGE),--image "$(IMAGE)") $(if $(STORAGE_CLASS),--storage-class "$(STORAGE_CLASS)") \
	  $(if $(ADDRESS),--address "$(ADDRESS)") $(if $(CONTROLLER),--controller "$(CONTROLLER)") \
	  $(if $(filter there,$(CONTROLLER)),,tests/conformance) tests/contract/test_two_validators.py tests/cluster

test-compose: $(COMPOSE)/.ready  ## Run what docker-compose.yaml runs, without containers; takes root and Debian's PostgreSQL
	@unshare --mount $(COMPOSE)/bin/python -m tests.compose.run

lint: $(READY)  ## Check style, types and layers
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

docs: $(READY)  ## Build the documentation site into .cache/site; a warning is an error
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs .cache/site
	@echo "open .cache/site/index.html"

bench: $(READY)  ## Measure what the documents claim
	@for script in benchmarks/*.py benchmarks/*/*.py; do $(BIN)/python $$script; done

lock: $(READY)  ## Resolve the requirements anew, with hashes
	@$(RESOLVE) -o requirements/dev.txt
	@$(RESOLVE) --constraint <(echo 'apache-airflow<3.2') -o requirements/airflow-3.1.txt
	@$(RESOLVE_IMAGE) --group pyproject.toml:runtime -o requirements/runtime.txt
	@$(RESOLVE_IMAGE) --group pyproject.toml:compose --extra local pyproject.toml -o requirements/compose.txt

clean:  ## Remove everything that was installed or made
	rm -rf .venv .venv-3.1 .venv-compose .cache .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which one: make PYTHON=python3.12 …"; exit 1; }
	@echo "Installing into .venv (the first time takes a minute) …"
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian and Ubuntu, install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(OLDEST)/.ready: $(READY) requirements/airflow-3.1.txt
	@echo "Installing Airflow 3.1 into $(OLDEST) …"
	@$(PYTHON) -m venv --without-pip $(OLDEST)
	@$(BIN)/uv pip sync --quiet --python $(OLDEST)/bin/python --require-hashes requirements/airflow-3.1.txt
	@$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

$(COMPOSE)/.ready: $(READY) requirements/compose.txt
	@$(PYTHON) -m venv --without-pip $(COMPOSE)
	@$(BIN)/uv pip sync --quiet --python $(COMPOSE)/bin/python --require-hashes requirements/compose.txt
	@$(BIN)/uv pip install --quiet --python $(COMPOSE)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

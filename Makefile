# daskop: everything a developer does, one target each. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/ready
OLDEST := .venv/oldest
ON_OLDEST := PYTHONPATH=$(OLDEST):src $(BIN)
CLUSTER := $(BIN)/python -m tests.e2e.cluster
SOURCES := src tests benchmarks

.PHONY: help setup fmt lint types arch unit decisions oldest e2e test check cover score bench docs reference crds manifests requirements \
	image cluster-up cluster-down kubeconfig deploy undeploy control-plane demo clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make the virtual environment with the pinned packages (quick when done)

$(STAMP): requirements/dev.txt pyproject.toml .ci/venv
	@.ci/venv "$(PYTHON)" .venv
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

fmt: setup ## Format the code and mend what the linter can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lint: setup ## Format, lint and spelling
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/codespell src tests docs crds manifests examples *.md

types: setup ## Types: mypy --strict
	$(BIN)/mypy

arch: setup ## Layers: who may import whom
	$(BIN)/lint-imports

unit: setup ## Unit tests: seconds, no server, no container
	$(BIN)/pytest tests/unit

decisions: setup ## Every branch of every decision is taken by a test
	@$(BIN)/coverage run -m pytest --quiet tests/unit/plan tests/unit/controllers
	@$(BIN)/coverage report --include='*/daskop/plan/*' --fail-under=100

$(OLDEST): requirements/oldest.txt $(STAMP)
	@rm -rf $@
	@$(BIN)/pip install --quiet --require-hashes --no-deps --target $@ --requirement $<
	@touch $@

oldest: $(OLDEST) ## Tests of the client on the oldest kubernetes package that is supported
	@$(ON_OLDEST)/python -c "import kubernetes as k; print('kubernetes', k.__version__); assert k.__version__ < '37'"
	$(ON_OLDEST)/pytest tests/unit/kube
	$(ON_OLDEST)/pytest tests/e2e/controlplane/test_kube_contract.py

e2e: setup ## Tests on a real control plane and on kind, both started from nothing
	$(CLUSTER) build
	$(BIN)/pytest tests/e2e/controlplane --durations=5
	$(MAKE) oldest
	$(BIN)/pytest tests/e2e/kind --durations=5

test: check e2e ## Everything: check, then e2e

check: lint types arch unit decisions docs ## What must be green at every commit

cover: setup ## Unit tests with branch coverage
	$(BIN)/coverage run -m pytest tests/unit
	$(BIN)/coverage report

score: setup ## Measure the shape of the code against its targets
	$(BIN)/python -m benchmarks.score

bench: setup ## Benchmarks; writes docs/benchmarks.md (about 9 minutes)
	$(BIN)/python -m benchmarks

docs: setup ## Build the documentation into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

reference: setup ## Generate the reference pages that come from the code
	$(BIN)/python -m tests.docs.reference

crds: setup ## Generate crds/ from the models
	$(BIN)/daskop crds --directory crds

manifests: crds ## Render install.yaml and the chart's files
	$(CLUSTER) manifests

requirements: setup ## Resolve and pin the packages anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml --output-file requirements/dev.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --excludes requirements/not-in-image.txt pyproject.toml --output-file requirements/image.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/dask.in --output-file requirements/dask.txt

image: setup ## Build the operator's image
	$(CLUSTER) image

cluster-up: setup ## Start a kind cluster, with its images loaded
	$(CLUSTER) up

cluster-down: setup ## Remove the kind cluster
	$(CLUSTER) down

kubeconfig: setup ## Print the path of the kind cluster's kubeconfig
	@$(CLUSTER) kubeconfig

deploy: setup ## Install CRDs and operator into the kind cluster
	$(CLUSTER) deploy

undeploy: setup ## Remove the operator and the CRDs from the kind cluster
	$(CLUSTER) undeploy

control-plane: setup ## Run a control plane with simulated nodes until Ctrl-C
	@exec $(CLUSTER) control-plane

demo: setup ## From nothing to a computed result
	$(CLUSTER) demo

clean: ## Remove what make made in this folder (not the build cache)
	rm -rf .venv build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

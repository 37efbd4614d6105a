# Every command of the project; `make help` lists them. All that they make is under .cache, .demo, .venv and build.

PYTHON ?= python3
DEMO_DIR ?= $(CURDIR)/.demo
DEMO_PORT ?= 8913

CACHE := $(CURDIR)/.cache
LOCKS := runtime/requirements
TOOLS := runtime/pyproject.toml
COLLECTION := $(CACHE)/collections/ansible_collections/galaxyops/pulsar
# With those that it needs itself.
COLLECTIONS := $(COLLECTION) $(CACHE)/collections/complete
# The demo needs Ansible and nothing else: the environment for development serves where there is one.
ANSIBLE := $(if $(wildcard .venv/complete),.venv,.cache/venv/ansible)

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/$(ANSIBLE)/bin:$(PATH)
export ANSIBLE_HOME := $(CACHE)/ansible
export ANSIBLE_CALLBACK_RESULT_FORMAT := yaml
export ANSIBLE_COLLECTIONS_PATH := $(CACHE)/collections
export ANSIBLE_DISPLAY_SKIPPED_HOSTS := false
export ANSIBLE_INVENTORY_UNPARSED_WARNING := false
export ANSIBLE_LOCALHOST_WARNING := false
export ANSIBLE_REMOTE_TMP := $(CACHE)/ansible/modules
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(ANSIBLE)/complete | $(COLLECTION) ## deploy a server to this machine and run a job on it through Galaxy's client
	@DEMO_STOP='make demo-clean' ansible-playbook galaxyops.pulsar.demo $(DEMO_VARIABLES)

.PHONY: demo-clean
demo-clean: $(ANSIBLE)/complete | $(COLLECTION) ## stop that server and remove all of it
	@ansible-playbook galaxyops.pulsar.demo $(DEMO_VARIABLES) --extra-vars pulsar_state=absent
	rm -rf '$(DEMO_DIR)'

DEMO_VARIABLES = --extra-vars "demo_dir='$(DEMO_DIR)' pulsar_port=$(DEMO_PORT) pulsar_build_dir='$(CACHE)/wheels'"

.PHONY: test
test: packages lint sanity test-runtime test-collection molecule-most ## check everything: lint, every rung of tests, tarball, demo, hosts

.PHONY: packages
packages: ## install the Debian packages that the tests need, or name them
	@PYTHON='$(PYTHON)' tests/debian_packages.sh

.PHONY: lint
lint: .venv | $(COLLECTIONS) ## check style, types, layers and spelling
	ruff check --config $(TOOLS) --cache-dir $(CACHE)/ruff .
	ruff format --config $(TOOLS) --cache-dir $(CACHE)/ruff --check .
	mypy --config-file $(TOOLS) --cache-dir $(CACHE)/mypy benchmarks molecule playbooks plugins roles runtime tests
	cd runtime && lint-imports --cache-dir $(CACHE)/import-linter
	yamllint --strict .
	ansible-lint
	shellcheck .ci/run tests/debian_packages.sh tests/sanity.sh molecule/shared/bin/* molecule/shared/images/debian/*.sh
	codespell --toml $(TOOLS)
	antsibull-changelog lint

.PHONY: sanity
sanity: .venv ## run ansible-test's sanity tests over a copy of the checkout
	tests/sanity.sh '$(CACHE)/sanity' $$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

.PHONY: test-runtime
test-runtime: .venv ## run the tests of the runtime and of the benchmarks
	$(PYTEST) runtime/tests benchmarks/tests

.PHONY: test-collection
test-collection: .venv .cache/venv/ansible/complete .cache/venv/galaxy/complete | $(COLLECTIONS) ## run those of the collection, tarball, demo
	$(PYTEST) --cov plugins --cov-config $(TOOLS) --cov-report term tests

# Tests run in an order drawn by lot; with the same number it is the same order, here and in CI.
SEED ?= 1
# Each run has temporary files of its own: pytest fails on what another one left that cannot be removed.
PYTEST = temporary=$$(mktemp -d) && trap 'rm -rf "$$temporary"' EXIT && PYTEST_DEBUG_TEMPROOT=$$temporary \
	python -m pytest -c $(TOOLS) --rootdir . -o cache_dir=$(CACHE)/pytest --randomly-seed $(SEED)

SCENARIO ?= default
STEP ?= test
SCENARIOS := $(sort $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))

.PHONY: molecule
molecule: .venv .cache/venv/galaxy/complete | $(COLLECTIONS) ## run a scenario on test hosts: SCENARIO=default STEP=test
	molecule/shared/bin/run-scenario '$(SCENARIO)' '$(STEP)'

# Two of three clusters take a third of the time of all scenarios: CI proves one, a change of a role all of them.
LONG_SCENARIOS := gridengine htcondor

.PHONY: molecule-most
molecule-most: .venv .cache/venv/galaxy/complete | $(COLLECTIONS) ## run the scenarios that do not take long, two at a time
	@$(call run-scenarios,$(filter-out $(LONG_SCENARIOS),$(SCENARIOS)))

.PHONY: molecule-all
molecule-all: .venv .cache/venv/galaxy/complete | $(COLLECTIONS) ## run all scenarios on test hosts, two at a time
	@$(call run-scenarios,$(SCENARIOS))

run-scenarios = printf '%s\n' $(1) | xargs --max-procs 2 --replace molecule/shared/bin/run-scenario --quietly {}

.PHONY: bench
bench: .venv ## measure this server beside the reference
	python -m benchmarks

.PHONY: bench-deploy
bench-deploy: .venv | $(COLLECTIONS) ## measure a deployment beside the published role's steps, on test hosts
	PYTHONPATH='$(CURDIR)/molecule/shared' python -m benchmarks.deployment

.PHONY: bench-cluster
bench-cluster: .venv | $(COLLECTIONS) ## measure many short jobs on a Slurm of test hosts, and Slurm alone
	PATH="$(CURDIR)/molecule/shared/bin:$$PATH" PYTHONPATH='$(CURDIR)/molecule/shared' python -m benchmarks.cluster

.PHONY: build
build: $(ANSIBLE)/complete ## build the collection's tarball into build/
	ansible-galaxy collection build --force --output-path build

.PHONY: lock
lock: .cache/venv/lock/complete ## lock the requirements anew
	cd runtime && $(LOCK) pyproject.toml --extra curl --output-file requirements/runtime.txt
	cd $(LOCKS) && for name in build test ansible lint molecule lock galaxy client-0.15.15 client-0.16.0 reference reference-amqp reference-curl; do \
		$(LOCK) $$name.in --output-file $$name.txt || exit; done
	cd $(LOCKS) && $(LOCK) --no-deps collections.in --output-file collections.txt

LOCK := $(CURDIR)/.cache/venv/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock' --cache-dir $(CACHE)/uv

.PHONY: clean
clean: ## remove everything that these commands made
	if [ -d '$(DEMO_DIR)' ]; then $(MAKE) demo-clean; fi
	rm -rf .cache .venv build

.PHONY: .venv
.venv: .venv/complete ## make the environment for development

.venv/complete: $(addprefix $(LOCKS)/,build.txt runtime.txt test.txt lint.txt ansible.txt molecule.txt) $(TOOLS) | python
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes $(patsubst %,--requirement %,$(filter %.txt,$^))
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable runtime
	touch $@

# An environment that holds one locked list and nothing else: lists are complete, pip need not look for more.
.cache/venv/%/complete: $(LOCKS)/%.txt | python
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	touch $@

.PHONY: python
python:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '$(PYTHON) is not Python 3.11 or later with venv: install it, or name one with PYTHON=...' >&2; exit 1; }

# Ansible finds the checkout under the collection's name.
$(COLLECTION):
	mkdir -p $(@D)
	ln -sfn $(CURDIR) $@

$(CACHE)/collections/complete: $(LOCKS)/collections.txt galaxy.yml | .venv
	mkdir -p $(@D)
	wheel=$$(mktemp -d) && trap 'rm -rf "$$wheel"' EXIT && \
		python -m pip download --quiet --no-deps --require-hashes --requirement $< --dest $$wheel && \
		python tests/unpack_collections.py $$wheel/*.whl $(@D)
	touch $@

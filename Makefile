# The checks, each by its name: `make lint`. The interpreter is PYTHON, more arguments are ARGS:
# `make test ARGS=tests/posts`, `make bench ARGS=--quick`.
PYTHON ?= .venv/bin/python
ARGS ?=
NPM_BIN := tests/node_modules/.bin
PAGE := collab/web/static
# What CI runs on PostgreSQL: what lists, searches, locks and keeps apart, and of every other package that has tables the
# file that asks the database most. Besides, some start a server wherever they run (tests/core/test_postgresql.py,
# tests/core/test_discreet_driver.py, tests/jobs/test_procrastinate.py, tests/jobs/test_lazy_connector.py).
ON_POSTGRES := tests/test_migrations.py tests/test_role_matrix.py tests/test_seed_requests.py \
  tests/projects tests/tasks tests/search tests/workspaces tests/flags \
  tests/posts --ignore tests/posts/test_order.py tests/events --ignore tests/events/test_catalogue.py \
  tests/core/test_busy_database.py tests/core/test_compiled.py tests/core/test_declared_tables.py \
  tests/core/test_idempotency.py tests/core/test_nul.py \
  tests/auth/test_account_races.py tests/auth/test_races.py tests/auth/test_refresh.py tests/oauth/test_identities.py \
  tests/jobs/test_leases.py tests/jobs/test_idempotency.py tests/schedules/test_runs.py tests/processing/test_job.py \
  tests/execution/test_job_type.py tests/functions/test_functions.py tests/webhooks/test_deliveries.py \
  tests/files/test_durability.py tests/files/test_convergence.py tests/files/test_history.py tests/uploads/test_keeping.py \
  tests/realtime/test_no_loss.py tests/realtime/test_pipelining.py tests/realtime/test_revocation_races.py \
  tests/ingest/test_reading_over_http.py tests/activity/test_feeds.py \
  tests/reports/test_facts.py tests/quotas/test_counters.py tests/quotas/test_usage.py tests/maintenance/test_erasing.py \
  tests/maintenance/test_erase_jobs.py tests/contact/test_recovery.py tests/mail/test_ordering.py tests/notifications/test_marking.py \
  tests/ops/test_health.py tests/serving/test_leaving.py tests/admin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help install lint types test coverage mutations postgres postgres-all spark newest tour clients fuzz counts bench lock sbom deploy-lint image audit

help: ## list these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: ## make .venv with all that the checks need, and the tests' packages of npm
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check \
	  -r requirements.txt -r deploy/requirements.txt \
	  -r tests/requirements.txt -r .ci/requirements.txt
	.venv/bin/python -m compileall -q app.py collab # else each process does, where Python writes none
	npm install --prefix tests --no-audit --no-fund --silent
	npm install --prefix .ci --no-audit --no-fund --silent

lint: ## rules and format, of Python (ruff) and of the page (eslint, prettier)
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(NPM_BIN)/eslint --config tests/web/eslint.config.mjs --max-warnings 0 $(PAGE)
	$(NPM_BIN)/prettier --config tests/web/prettier.json --log-level warn --check $(PAGE)

types: ## mypy, strict; and tsc for the page
	$(PYTHON) -m mypy
	$(NPM_BIN)/tsc --project tests/web/tsconfig.json

coverage: ## the tests with branch coverage, which takes them half as long again
	$(PYTHON) -m pytest --cov --cov-report=term $(ARGS)

mutations: ## mutation testing (docs/mutations.md), for hours; a part: make mutations ARGS="collab/events --tests tests/events"
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .mutations \
	  "mutmut>=3.8.1,<4" "libcst>=1.9,<2"
	PYTHONPATH=.mutations $(PYTHON) -m tests.support.mutants $(ARGS)

test: ## pytest on all cores; one part of it: make test ARGS=tests/posts
	$(PYTHON) -m pytest $(ARGS)

quick: ## the tests but for those that start another program or take seconds
	$(PYTHON) -m pytest -m "not slow" $(ARGS)

postgres: ## the tests on PostgreSQL that touch the database most, as CI runs them
	$(PYTHON) -m pytest --database postgresql $(or $(ARGS),$(ON_POSTGRES))

postgres-all: ## all tests on PostgreSQL
	$(PYTHON) -m pytest --database postgresql $(or $(ARGS),tests)

spark: ## the analysis of the event archive on a cluster of Spark (an environment of its own: .spark)
	python3 -m venv .spark
	.spark/bin/pip install --quiet --disable-pip-version-check -r deploy/spark/requirements.txt
	PYSPARK_PYTHON=$(CURDIR)/.spark/bin/python $(PYTHON) -m pytest -n 0 --timeout 900 deploy/spark

newest: ## a part of the tests, and a start, on the newest Python of this machine
	.ci/newest

tour: ## examples/tour.sh against a server of its own
	.ci/served -- examples/tour.sh

clients: ## the Postman collection, and clients generated from the description, against servers of their own
	.ci/served RATE_LIMIT=off AUTH_RATE_LIMIT=off -- .ci/postman
	.ci/served -- .ci/clients/generate

fuzz: ## schemathesis: the API against its own description
	.ci/served RATE_LIMIT=off AUTH_RATE_LIMIT=off ACCESS_TOKEN_MINUTES=600 -- .ci/fuzz

sbom: ## sbom.json, the bill of materials of requirements.lock, checked against CycloneDX's schema
	python3 -m venv .sbom
	.sbom/bin/pip install --quiet --disable-pip-version-check "cyclonedx-bom>=7.5.0,<8"
	.sbom/bin/cyclonedx-py requirements --output-reproducible --validate --of JSON -o sbom.json requirements.lock

deploy-lint: ## linters over deploy/ and the workflow, each shown a fault, too (an environment of its own: .deploy)
	python3 -m venv .deploy
	.deploy/bin/pip install --quiet --disable-pip-version-check -r .ci/deploy-requirements.txt
	.ci/deploy-lint

image: ## deploy/Dockerfile without Docker: its steps in a clean folder, and what comes of it started (wants root)
	$(PYTHON) .ci/image.py

audit: ## dependencies: within their ranges, without faults that are known, not yanked
	$(PYTHON) .ci/audit.py $(ARGS)

counts: ## statements, system calls and instructions of a fixed list of requests, against their bounds
	$(PYTHON) -m bench.counts $(ARGS)

bench: ## all benchmarks beside their peers, into bench/RESULTS.md; some: make bench ARGS="--only jobs"
	$(PYTHON) -m bench $(ARGS)

lock: ## write requirements.lock: what is installed here, which the tests have passed with
	$(PYTHON) .ci/lock.py

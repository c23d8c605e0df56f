PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The project's own lake and folders, whatever the environment says.
ISOLATED := env -u EMAIL_STATS_RAW -u EMAIL_STATS_WAREHOUSE -u EMAIL_STATS_REPORTS -u EMAIL_STATS_EXPORTS \
	-u EMAIL_STATS_SPARK -u EMAIL_STATS_SPARK_WAREHOUSE -u EMAIL_STATS_SPARK_FORMAT \
	-u DBT_TARGET_PATH -u DBT_LOG_PATH -u DBT_PROFILES_DIR -u DBT_PROJECT_DIR -u DBT_TARGET -u PYTHONPATH
PYTEST := $(ISOLATED) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# A database of its own for quick, so that it disturbs no build. dbt begins with what setup has read.
QUICK := $(ISOLATED) EMAIL_STATS_WAREHOUSE=var/quick/email_stats.duckdb DBT_TARGET_PATH=var/quick/target \
	DBT_LOG_PATH=var/quick/logs DBT_PARTIAL_PARSE_FILE_PATH=var/dbt/target/partial_parse.msgpack

# Packages of an engine in a folder of their own: two engines need two versions of pyspark.
define install_engine
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --upgrade \
		--target $(VENV)/engines/$(1) --requirement requirements-$(1).lock
	@echo "Set up. Next: email-stats build --target $(1)"
endef

.PHONY: help setup demo test quick lint lint-types lint-sql lab docs benchmark lock setup-sail setup-spark
.DEFAULT_GOAL := help

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Install everything into .venv; Python 3.11 or newer and make are enough

# Compiled here, on all cores: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would compile
# all that it imports, for half of the time that dbt or Great Expectations takes to start. A module that this Python
# can't compile is one that nothing imports. dbt reads the project here, so that builds read only what has changed.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	-$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib src
	$(ISOLATED) $(BIN)/dbt --quiet parse
	@touch $@
	@echo "Set up in $(VENV). Next: make demo, or . $(BIN)/activate and dbt build."

demo: setup ## Build, check and publish the sample, render the site, print its path
	$(ISOLATED) $(BIN)/email-stats build
	$(ISOLATED) $(BIN)/email-stats report

test: lint ## Run every check: lint, types, builds, dbt and Python tests, reports in a browser
	$(PYTEST)

# --empty: unit tests need the columns of the tables, not their rows.
quick: setup ## Run the unit tests of Python and SQL: no built lake, no browser, under 2 minutes
	$(PYTEST) -m unit
	$(QUICK) $(BIN)/dbt --quiet build --empty --exclude-resource-type test
	@echo "Unit tests of Python and SQL passed."

lint: setup ## Check style and types: ruff, mypy, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-sql

lint-types:
	$(BIN)/mypy

# dbt begins with what setup has read, which sqlfluff doesn't ask for by itself.
lint-sql:
	$(ISOLATED) EMAIL_STATS_WAREHOUSE=var/lint/email_stats.duckdb DBT_PARTIAL_PARSE=true $(BIN)/python tests/lint_sql.py lint --processes 2 models tests/dbt
	$(BIN)/sqlfluff lint --templater placeholder src/email_statistics/reports/queries

lab: setup ## Open JupyterLab on notebooks/explore
	$(BIN)/jupyter lab --notebook-dir notebooks/explore

# --static embeds what the page would load; it is copied away from dbt's own files.
docs: setup ## Write the documentation of all tables as one offline page: var/docs/index.html
	$(BIN)/dbt docs generate --static --quiet
	@mkdir -p -m 700 var/docs
	@cp "$${DBT_TARGET_PATH:-var/dbt/target}/static_index.html" var/docs/index.html
	@echo "The tables' documentation: var/docs/index.html"

benchmark: setup ## Measure builds of 0.1, 1 and 10 M messages (15 minutes, 20 GB below var/)
	$(ISOLATED) $(BIN)/python tests/benchmarks/run.py --docs

setup-sail: setup ## Install what the target sail needs, beside .venv's packages (170 MB)
	$(call install_engine,sail)

setup-spark: setup ## Install what the target spark needs, beside .venv's packages (500 MB); Java 17 or newer runs it
	@command -v java >/dev/null || test -n "$$JAVA_HOME" \
		|| { echo "Java 17 or newer is needed, and there is no java here: apt-get install default-jre-headless, or set JAVA_HOME."; exit 1; }
	$(call install_engine,spark)

lock: ## Resolve the dependencies again into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --all-extras --group dev \
		pyproject.toml --output-file requirements.lock
	for engine in sail spark; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-deps --group $$engine \
			--output-file requirements-$$engine.lock || exit 1; \
	done

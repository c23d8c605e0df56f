# make setup   everything this project needs, in .venv (Python 3.11 or newer and make are enough)
# make demo    set-up, build, checks, publish and all reports on the sample; names the index page
# make test    every check: lint, types, dbt build, dbt and Python tests, reports, a real browser
# make lint    sqlfluff, ruff, types
# make lab     JupyterLab on the published tables
# make docs    the tables' documentation as one offline page, var/docs/index.html
# make benchmark  time, CPU, memory and bytes of builds at 0.1, 1 and 10 M messages (a quarter of an hour)
# make lock    resolves the dependencies anew (needs uv)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The project's own lake and folders, whatever the environment says.
ISOLATED := env -u EMAIL_STATS_RAW -u EMAIL_STATS_WAREHOUSE -u EMAIL_STATS_REPORTS -u EMAIL_STATS_EXPORTS \
	-u DBT_TARGET_PATH -u DBT_LOG_PATH -u DBT_PROFILES_DIR -u DBT_PROJECT_DIR -u DBT_TARGET -u PYTHONPATH

.PHONY: setup demo test lint lab docs benchmark lock
.DEFAULT_GOAL := setup

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "Set up in $(VENV). Next: make demo, or . $(BIN)/activate and dbt build."

demo: setup
	$(ISOLATED) $(BIN)/email-stats build
	$(ISOLATED) $(BIN)/email-stats report

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(ISOLATED) EMAIL_STATS_WAREHOUSE=var/lint/lint.duckdb $(BIN)/sqlfluff lint --processes 2 models tests/dbt

test: lint
	$(ISOLATED) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lab: setup
	$(BIN)/jupyter lab --notebook-dir notebooks/explore

# --static embeds what the page would load; it is copied away from dbt's own files.
docs: setup
	$(BIN)/dbt docs generate --static --quiet
	@mkdir -p -m 700 var/docs
	@cp "$${DBT_TARGET_PATH:-var/dbt/target}/static_index.html" var/docs/index.html
	@echo "The tables' documentation: var/docs/index.html"

benchmark: setup
	$(ISOLATED) $(BIN)/python tests/benchmarks/run.py --docs

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --all-extras --group dev \
		pyproject.toml --output-file requirements.lock

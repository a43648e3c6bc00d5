# The two commands are `make run` and `make test`; `make help` lists the rest.
# Without make: README.md has the same steps as plain commands.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
UV     := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test check test-postgres bench screenshots messages lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## start everything (PORT=8123 LAN=1 HTTPS=1 SLUICE_HOME=/some/folder)
	@exec $(PY) manage.py serve

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sluice needs Python 3.11 or newer; name one: make run PYTHON=python3.11" >&2; exit 1; }
ifneq ($(UV),)
	@$(UV) venv --quiet --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments: install the package python3-venv" \
	         "(apt install python3-venv), then run make again." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
endif

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what Sluice needs into $(VENV), once ..."
ifneq ($(UV),)
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements.txt
else
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
endif
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV), once ..."
ifneq ($(UV),)
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements-dev.txt
else
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
endif
	@touch $@

test: check ## run every test and check that can run on this machine
	$(PY) -m pytest

# What a browser shows is the same on any database, and so is what asks none: not run twice.
test-postgres: $(VENV)/.installed-dev ## the tests again, on PostgreSQL (DATABASE_URL=postgres://...)
	DATABASE_URL=$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres} $(PY) -m pytest -m "not chromium" --ignore=tests/architecture --ignore=tests/streaming/core

check: $(VENV)/.installed-dev ## style, types, layers and known weaknesses (sizes: tests/architecture)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive apiapp myproject $(wildcard streaming) manage.py 2>/dev/null  # it warns of each part of a line with `nosec` on stderr; what it finds is on stdout

bench: $(VENV)/.installed-dev ## measure, side by side with peers (minutes)
	$(PY) -m bench

screenshots: $(VENV)/.installed-dev ## picture every page, in every colour scheme, language and width
	$(PY) -m tests.screenshots

messages: $(VENV)/.installed ## collect and compile the translations (needs gettext)
	$(PY) manage.py makemessages --locale zh_Hans --ignore .venv --ignore node_modules --no-obsolete --add-location file
	$(PY) manage.py compilemessages --locale zh_Hans --ignore .venv

lock: ## resolve requirements*.in anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --upgrade requirements.in -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## remove the virtual environment and caches; var/ with your data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

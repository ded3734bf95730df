# Everything there is to type; `make help` lists it. Needs python3 (3.11 or newer, with
# venv and pip) and make, nothing else. Paths are relative, so that spaces in the
# folder's name do no harm.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# What was installed is remembered in .venv; a newer pyproject.toml installs it again.
USE := .venv/.installed
DEVELOP := .venv/.installed-dev
PINS := pyproject.toml $(wildcard constraints*.txt)

# Chromium opens the pages; the others draw MuJoCo without a display.
SYSTEM := chromium libegl1 libgl1-mesa-dri

# The versions that the tests have passed with, where there is a list for this Python.
INSTALL = constraints=$$($(BIN)/python -c "import sys; print({(3, 11): '-c constraints.txt', \
	(3, 13): '-c constraints-3.13.txt'}.get(sys.version_info[:2], ''))") && \
	$(BIN)/python -m pip install -qq --disable-pip-version-check $$constraints

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format lint types imports spelling bench soak headless clean

help: ## say what can be typed
	@awk -F ': .*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: $(USE) ## see a policy learn three ways, in about a minute
	@$(BIN)/novice demo $(ARGS)

test: $(DEVELOP) headless ## run the tests (ARGS="-k name" picks some)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not soak" $(ARGS)

check: format lint types imports spelling ## look for mistakes without running anything

format: $(DEVELOP) ## is every file laid out as ruff would?
	@$(BIN)/ruff format --check . || { echo "$(BIN)/ruff format . puts it right."; exit 1; }

lint: $(DEVELOP) ## likely mistakes (ruff)
	@$(BIN)/ruff check --quiet --output-format concise .

types: $(DEVELOP) ## types (mypy)
	@$(BIN)/mypy --no-error-summary

imports: $(DEVELOP) ## which room imports which (import-linter)
	@$(BIN)/lint-imports --no-cache > .venv/imports.txt 2>&1 || { cat .venv/imports.txt; exit 1; }

spelling: $(DEVELOP) ## American spelling (codespell)
	@$(BIN)/codespell

bench: $(USE) ## compare with other libraries, each in its own environment (long)
	@$(BIN)/python bench/run.py $(ARGS)

soak: $(DEVELOP) ## the tests that take hours
	@$(BIN)/python -m pytest -m soak $(ARGS)

headless: ## on Debian, as root: install what draws MuJoCo and opens pages in the tests
	@if dpkg -s $(SYSTEM) > /dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing $(SYSTEM)"; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq -y --no-install-recommends install $(SYSTEM); \
		} > /dev/null 2>&1 || echo "They could not be installed."; \
	else echo "All tests run once these are there: $(SYSTEM)"; fi

clean: ## remove everything that make has made; runs/ stays
	@rm -rf .venv bench/.venvs build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "novice needs Python 3.11 or newer; name one: make PYTHON=python3.11" >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo "python3 needs its venv module (Debian: apt install python3-venv)" >&2; exit 2; }

$(USE): $(PINS) | .venv/bin/pip
	@echo "Installing novice into .venv (once; a minute or two)"
	@$(INSTALL) -e .
	@touch $@

$(DEVELOP): $(PINS) | .venv/bin/pip
	@echo "Installing novice and its tests' tools into .venv (once; a minute or two)"
	@$(INSTALL) -e ".[dev]"
	@touch $(USE) $@

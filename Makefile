# `make` prints the menu. Every target makes what it needs in .venv first.

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TRASH  := build/lock
ARGS   ?=
# The oldest supported Python first, so that a laptop and the build machine agree.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name))))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check format bench soak lock clean

help:  ## Print this menu
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY)  ## Make .venv with everything a checkout needs

# The stamp is written last: an interrupted set-up is done again, a finished one costs nothing.
$(READY): pyproject.toml requirements/dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Throughcare needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements/dev.lock names into $(VENV)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## Start everything with made-up cases; make demo ARGS="--exit" leaves when it is told
	@$(BIN)/throughcare demo $(ARGS)

test: $(READY)  ## All tests but the long ones, the quick ones first
	@$(BIN)/python -Im pytest $(ARGS)

test-long: $(READY)  ## The tests that take minutes
	@$(BIN)/python -Im pytest -m long $(ARGS)

check: $(READY)  ## Format, lint, types, import rules, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(READY)  ## Put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY)  ## Measure speed against real Kafka and PostgreSQL
	@$(BIN)/throughcare bench $(ARGS)

soak: $(READY)  ## Run for long under kills and wipes, then count what is missing
	@$(BIN)/python -Im throughcare.tests.soak $(ARGS)

lock:  ## Resolve pyproject.toml again; existing pins stay where they can (ARGS=--upgrade moves them)
	@test -x $(TRASH)/bin/uv || { $(PYTHON) -m venv $(TRASH) && $(TRASH)/bin/python -m pip install --quiet uv; }
	@$(call resolve,dev,--extra embedded --extra documents --group dev,Everything a checkout needs: the services$(comma) the embedded parts$(comma) documents$(comma) tests and tools.)
	@$(call resolve,runtime,--constraint requirements/dev.lock,What a deployed service needs$(comma) nothing else.)

comma := ,
# No host of a registry may stand in a lock: whoever installs says where from.
define resolve
$(TRASH)/bin/uv pip compile pyproject.toml $(2) --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --quiet $(ARGS) -o requirements/$(1).lock \
&& printf '%s\n' "# $(3)" "# Made by 'make lock' from pyproject.toml; every file is named by its hash." \
  | cat - requirements/$(1).lock > requirements/$(1).lock.new \
&& mv requirements/$(1).lock.new requirements/$(1).lock
endef

clean:  ## Remove .venv and caches; data under a --home stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

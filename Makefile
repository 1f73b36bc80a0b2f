# What a clone can do: `make demo` and `make test` need nothing but python3 (3.11 or newer, with venv) and make.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)

.PHONY: help demo test torture check bench overload picture clean

help:
	@echo "make demo     the console on a throw-away home with live traffic"
	@echo "make test     the checks and the tests"
	@echo "make torture  kills every process at random moments under load (MINUTES=10 SEED=...)"
	@echo "make check    format, lint, types and import contracts alone"
	@echo "make bench    prints how fast it is, beside peers that it installs (BENCH='--rows durable,tls')"
	@echo "make overload tries what is too much (OVERLOAD='bounds')"
	@echo "make picture  draws docs/console.svg from the running console"
	@echo "make clean    removes what the others made"

demo: $(VENV)/installed
	@$(BIN)/tidegate demo

test: check
	$(BIN)/pytest -q -n auto --dist worksteal

torture: $(VENV)/installed-dev
	$(BIN)/python -m tests.torture $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

bench: $(VENV)/installed
	@$(BIN)/python benchmarks/table.py $(BENCH)

overload: $(VENV)/installed
	@$(BIN)/python benchmarks/overload.py $(OVERLOAD)

picture: $(VENV)/installed
	$(BIN)/python docs/picture.py docs/console.svg

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "missing: Python 3.11 or newer (Debian: apt install python3 python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "missing: Python's venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

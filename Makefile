# Needs: Python 3.11 to 3.13 with venv, make, coreutils. Everything else comes into .venv and DATA_DIR.
# Variables (HOST PORT DATA_DIR DATABASE_URL REDIS_URL VOLIERE_…) may stand in the environment or after the target:
#     make run PORT=9000

PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
TORCH := torch==2.13.0
# the stamps carry a checksum: they are missing, so installing starts again, exactly when the requirements change
checksum = $(firstword $(shell cat requirements/$(1).txt 2>/dev/null | cksum))
EMBEDDED := .venv/.embedded-$(call checksum,embedded)
DEV := .venv/.dev-$(call checksum,dev)
TRANSLATIONS := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po locale/panel/*/LC_MESSAGES/django.po))

.PHONY: help run test check types bench lock pictures
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST))

run: $(EMBEDDED) $(TRANSLATIONS)  ## install what is missing and start Voliere; Ctrl-C ends it
	@exec $(BIN)/python manage.py up

test: $(DEV) $(TRANSLATIONS)  ## all tests; some of them: make test TESTS=tests/run
	@test -z "$(BROWSER_IS_MISSING)" || $(INSTALL_BROWSER)
	@exec $(BIN)/python -m pytest --numprocesses logical --maxprocesses 2 --dist loadfile $(TESTS)

check: $(DEV)  ## lint, format, types, templates, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) -s types
	$(BIN)/python -c "import glob; print(*glob.glob('templates/**/*.html', recursive=True), sep='\n')" \
		| xargs $(BIN)/djade --check --target-version 5.2
	$(BIN)/python manage.py makemigrations --check --dry-run

types: $(DEV)  # mypy reads the settings, and these want to know where the services are
	DATABASE_URL=postgres://unused@127.0.0.1:1/unused REDIS_URL=redis://127.0.0.1:1/0 $(BIN)/mypy .

bench: $(EMBEDDED) $(TRANSLATIONS)  ## measure into bench/results: starts, memory, the gateway; one alone: make bench gateway
	@$(foreach name,$(or $(filter $(BENCHES),$(MAKECMDGOALS)),$(BENCHES)),$(BIN)/python -m bench.$(name) $(BENCH_OPTIONS) &&) true
BENCHES := processes gateway retrieval scale ingestion beside chat api
ifneq (,$(filter bench,$(MAKECMDGOALS)))
.PHONY: $(BENCHES)
$(BENCHES):  # named after `bench`, they only say which
	@:
endif

pictures: $(DEV) $(TRANSLATIONS)  ## take the README's pictures anew
	@exec $(BIN)/python -m pytest -q -m pictures tests/browser

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -q
lock: $(DEV)  ## pin what pyproject.toml asks for
	$(COMPILE) -o requirements/server.txt
	$(COMPILE) --extra embedded --no-emit-package torch -c requirements/server.txt -o requirements/embedded.txt
	$(COMPILE) --extra embedded --group dev --no-emit-package torch -c requirements/embedded.txt -o requirements/dev.txt

# --- installing -------------------------------------------------------------------------------------------------
IS_FIT = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FIND_LINKS = $${PIP_FIND_LINKS:-$$($(BIN)/python -m pip config get global.find-links 2>/dev/null)}
UV_INSTALL = $(BIN)/uv pip install -q --python $(BIN)/python --no-deps

# a .venv that was moved, half made or made by a Python since removed is made anew
.venv/.uv-$(UV_VERSION):
	@$(PYTHON) -c "$(IS_FIT)" 2>/dev/null \
		|| { echo "Voliere needs Python 3.11, 3.12 or 3.13; name one with: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null \
		|| { echo "Python lacks its modules venv and pip; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing (1/4) an environment of its own in .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# the CPU build, which no package index serves under this name: from pip's find-links if it is there, else from PyTorch
.venv/.$(TORCH): .venv/.uv-$(UV_VERSION)
	@echo "Installing (2/4) PyTorch for the processor, about 200 MB"
	@UV_FIND_LINKS="$(FIND_LINKS)" $(UV_INSTALL) --no-index $(TORCH) 2>/dev/null \
		|| $(UV_INSTALL) --torch-backend cpu $(TORCH)
	@touch $@

$(EMBEDDED): .venv/.$(TORCH)
	@echo "Installing (3/4) everything else, about 500 MB"
	@$(UV_INSTALL) --require-hashes -r requirements/embedded.txt
	@rm -f .venv/.embedded-* && touch $@

$(DEV): $(EMBEDDED)
	@echo "Installing the tools for tests and checks"
	@$(UV_INSTALL) --require-hashes -r requirements/dev.txt
	@rm -f .venv/.dev-* && touch $@

%.mo: %.po
	@echo "Installing (4/4) translations: $<"
	@$(BIN)/pybabel -q compile -D django -i $< -o $@

# the tests in a browser take Debian's Chromium; where it cannot be had they say so themselves
BROWSER_IS_MISSING = $(shell command -v chromium >/dev/null || ! command -v apt-get >/dev/null || test $$(id -u) -ne 0 || echo yes)
INSTALL_BROWSER = { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null || true

PYTHON ?= python3
BIN := .venv/bin

.venv/.ready: requirements/dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv
	UV_FIND_LINKS="$(PIP_FIND_LINKS)" $(BIN)/uv pip install -q --python $(BIN)/python --no-deps torch==2.13.0
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements/dev.txt
	touch $@

test: .venv/.ready
	$(BIN)/python -m pytest

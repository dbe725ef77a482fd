# Every target starts from nothing but python3, make and the package registries.
PY ?= python3
UV := .tools/uv/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV
unexport PYTHONDONTWRITEBYTECODE  # processes start by the dozen: let them find compiled code

.PHONY: venv demo test check bench soak golden lock clean help

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

venv: .venv/.stamp  ## install speeko and its tools into .venv, versions and hashes from requirements.lock

demo: .venv/.stamp  ## speak a sample catalog with real servers, workers and speech, and print where it is
	@$(BIN)/python -m speeko_cli.demo

test: .venv/.stamp  ## all tests, on real servers and worker processes
	$(BIN)/python -m pytest -q -n 3 --dist worksteal

check: .venv/.stamp  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.names $(BIN)/lint-imports --no-cache

bench: .venv/.stamp  ## measure, and print the figures beside a baseline of the same run
	$(BIN)/python -m pytest -q -s -m bench tests/bench

soak: .venv/.stamp  ## a minute of all faults at once, twice; then the ledger is compared with the bill
	$(BIN)/python -m tests.faults.soak $(SOAK)
	$(BIN)/python -m tests.faults.soak --idempotent $(SOAK)

golden: .venv/.stamp  ## write anew what 5,000 rows are spoken as; each difference needs a line in CHANGELOG.md
	$(BIN)/python -m tests.golden

lock: $(UV)  ## compile requirements.lock anew (versions and hashes, no host names)
	$(UV) pip compile -q pyproject.toml --universal --python-version 3.11 --extra parquet --extra loudness --group dev \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements.lock

clean:  ## remove what was built
	rm -rf .venv .tools demo-output

# any Python can read this, and says in one line that it is too old
OLD = import sys; sys.version_info >= (3, 11) or sys.exit("speeko_jobs needs Python 3.11 or later, and $(PY) is %d.%d: make PY=python3.11" % sys.version_info[:2])

.venv/.stamp: pyproject.toml requirements.lock | $(UV)
	@$(PY) -c '$(OLD)'
	@$(UV) venv -q --allow-existing --python $(PY) .venv
	@$(UV) pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(UV):
	@$(PY) -c '$(OLD)'
	@$(PY) -m venv .tools/uv && .tools/uv/bin/pip install -q --disable-pip-version-check 'uv>=0.13,<0.14'

# One command each; every one prepares the machine first, so that it works alone on a fresh Debian 12.
PY := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo test test-debian check docs bench lock lab-up lab-down clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

bootstrap: ## Debian packages, virtual environment, locked dependencies
	@scripts/bootstrap

demo: bootstrap ## a runbook on two real guests, from text to verified audit
	@scripts/demo

# Tests on real guests share one lab and take turns (tests/lab_fixture.py); the others run beside them.
test: bootstrap ## every test, real guests included; TESTS=path to choose
	@$(PY)/pytest -n auto --dist worksteal $(TESTS)

test-debian: bootstrap ## a real Debian guest: built, booted, patched; needs an archive of Debian, takes minutes
	@OOS_TEST_DEBIAN=1 $(PY)/pytest tests/debian $(TESTS)

check: bootstrap ## style, types, floors, links of the documents
	@$(PY)/ruff check . scripts/check-docs scripts/compatibility scripts/runbooks scripts/verbs
	@$(PY)/ruff format --check . scripts/check-docs scripts/compatibility scripts/runbooks scripts/verbs
	@$(PY)/mypy
	@$(PY)/lint-imports
	@scripts/check-docs
	@$(PY)/python scripts/runbooks --check

docs: bootstrap ## what is made of the code: compatibility, runbooks, the table of verbs
	@$(PY)/python scripts/compatibility
	@$(PY)/python scripts/runbooks
	@$(PY)/python scripts/verbs

bench: bootstrap ## benchmarks, each beside its peer
	@$(PY)/python -m tests.bench

# For Debian 12's Python to its last digit: some packages ask for a later 3.11.
lock: bootstrap ## pin the newest dependencies that pyproject.toml allows
	@$(PY)/python -m pip install --quiet uv
	@$(PY)/uv pip compile pyproject.toml --python-version 3.11.2 --all-extras --generate-hashes --no-header \
		--no-annotate --upgrade --quiet -o requirements.lock

lab-up: bootstrap ## the lab: two real guests
	@$(PY)/oos lab up

lab-down: bootstrap ## the lab goes, and leaves nothing
	@$(PY)/oos lab down

clean: ## take away what the other targets made, the lab first
	@if [ -x $(PY)/oos ]; then $(PY)/oos lab down; fi
	rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

# Two commands are enough: `make run` and `make test`. Both need Python 3.11 or newer and, the first time, the network.

.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## Make .venv and install llmio into it; does nothing when that is up to date
	@.ci/setup embedded

.PHONY: run
run: setup ## Run everything at http://localhost:3000 (PORT, LLMIO_DATA); Ctrl-C stops it
	@exec $(BIN)/llmio up

.PHONY: develop
develop:
	@.ci/setup embedded,test

.PHONY: test
test: develop ## Run the whole suite (ARGS="-k vote" chooses; browser tests need Chromium)
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

.PHONY: lint
lint: develop ## Check style, form, templates and who imports whom
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/ruff format --check --output-format concise . || { echo "Not in form; \`make form\` mends it."; exit 1; }
	@$(BIN)/djlint --quiet --lint llmio plugins
	@$(BIN)/lint-imports --no-logo

.PHONY: form
form: develop ## Bring the Python files into form, and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: types
types: develop ## Check the types
	@$(BIN)/mypy

.PHONY: sure
sure: lint types test ## Everything that must hold before a change is shared

.PHONY: bench
bench: develop ## Measure pages, acts, jobs and memory on this machine
	@$(BIN)/python -m bench $(ARGS)

.PHONY: assets
assets: ## Build styles and scripts into llmio/web/static/dist (needs Node.js)
	@cd frontend && npm ci --no-audit --no-fund && npm run build

LOCKED := --extra storage_gcs --extra storage_s3 --extra storage_spaces
.PHONY: lock
lock: develop ## Write compose/requirements.lock: the packages of the image, with their hashes (ARGS=--upgrade)
	@$(BIN)/python -m pip install --quiet 'uv>=0.9,<1'
	@$(BIN)/uv pip compile setup.py --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-find-links $(LOCKED) --quiet --output-file compose/requirements.lock $(ARGS)

.PHONY: docs
docs: develop ## Write the pages of docs/ and the files of etc/ that come from the code
	@$(BIN)/python -m tests.architecture.written

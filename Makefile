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
test: develop ## Run the whole suite (ARGS="-k vote" chooses)
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

.PHONY: lint
lint: develop ## Check style, templates and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/djlint --quiet --check --lint llmio plugins
	@$(BIN)/lint-imports

.PHONY: types
types: develop ## Check the types
	@$(BIN)/mypy

.PHONY: sure
sure: lint types test ## Everything that must hold before a change is shared

.PHONY: bench
bench: develop ## Measure pages, acts, jobs and memory on this machine
	@$(BIN)/llmio bench

.PHONY: assets
assets: ## Build styles and scripts into llmio/web/static/dist (needs Node.js)
	@cd frontend && npm ci --no-audit --no-fund && npm run build

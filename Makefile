# Everything that a contributor types. `make` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/ready
COMFYUI ?= .comfyui

.PHONY: help setup demo serve dashboard check fmt test unit e2e screenshots bench chaos editor-truth services services-down lock clean

help: ## list these
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: $(READY) ## make .venv with everything in it

$(READY): pyproject.toml constraints.txt tools/setup.py
	@$(PYTHON) tools/setup.py
	@touch $@

demo: $(READY) dashboard ## install ComfyUI, serve two samples, call them, save the pictures
	@.venv/bin/viewcomfy demo $(ARGS)

serve: $(READY) dashboard ## serve on http://127.0.0.1:8000
	@.venv/bin/viewcomfy serve $(ARGS)

dashboard: $(READY) ## build the dashboard, if its sources have changed
	@$(PY) tools/dashboard.py build

check: $(READY) ## lint, format, types, import arrows, sizes
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m tools.sizes
	$(PY) tools/dashboard.py check

fmt: $(READY) ## mend what ruff can mend
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

test: $(READY) dashboard comfyui ## run every test, those in a browser and on a real ComfyUI included
	$(PY) tools/dashboard.py test
	VIEWCOMFY_TEST_COMFYUI=$(COMFYUI) $(PY) -m pytest $(ARGS)

unit: $(READY) ## run the tests that need no ComfyUI
	$(PY) -m pytest --ignore tests/e2e $(ARGS)

e2e: $(READY) dashboard comfyui ## run the tests on a real ComfyUI
	VIEWCOMFY_TEST_COMFYUI=$(COMFYUI) $(PY) -m pytest tests/e2e $(ARGS)

screenshots: $(READY) dashboard comfyui ## take the pictures of docs/images anew, by the tests in a browser
	VIEWCOMFY_TEST_COMFYUI=$(COMFYUI) VIEWCOMFY_SCREENSHOTS=1 $(PY) -m pytest tests/e2e -k "dashboard or playground" $(ARGS)

bench: $(READY) comfyui ## measure it beside a raw driver on one ComfyUI
	$(PY) -m bench --comfyui $(COMFYUI) $(ARGS)

chaos: $(READY) ## run thousands of jobs while servers, workers, NATS, PostgreSQL and S3 are killed, paused and cut off
	$(PY) -m tests.chaos $(ARGS)

.PHONY: comfyui
comfyui: $(READY)
	@.venv/bin/viewcomfy comfyui install --dir $(COMFYUI) --tiny-models

editor-truth: $(READY) comfyui ## compare our conversion of workflows with ComfyUI's editor in a browser, over the published templates
	@$(PY) -m tools.editor_truth --comfyui $(COMFYUI) $(ARGS)

services: $(READY) ## start PostgreSQL, NATS and an S3 server in .services, and print what to export for them
	@$(PY) -m tools.services up

services-down: $(READY) ## stop them
	@$(PY) -m tools.services down

lock: $(READY) ## write constraints.txt anew, with the newest versions
	@$(PY) -m tools.lock

clean: ## remove what can be made again; ComfyUI and the data folders stay
	[ ! -x $(PY) ] || $(PY) -m tools.services down
	rm -rf .venv .services dashboard/node_modules src/viewcomfy/server/static/dashboard .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find src tests bench tools examples -name __pycache__ -prune -exec rm -rf {} +

# Tenderlake on one machine. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
# Tried in this order; PYTHON311=/path/to/python names another one.
PYTHON311 ?= python3.11 python3
# The real PaddleOCR-VL pipeline on a CPU, which only tests and development need (1.4 GB).
OCR_VENV := .venv-ocr
PYTHON310 ?= python3.10 $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.10.*/bin/python)
CODE := include/tenderlake ocr_tasks plugins dags
LOCKS := requirements.txt requirements-dev.txt docker/ocr-cpu/requirements.txt
# For Python 3.10, which the PaddleOCR-VL image has, and for later ones.
LOCKS_310 := docker/ocr/requirements.txt docker/ocr/requirements-cpu.txt

# uv does not read pip's settings: an index that only pip was told of is handed on, never shown.
UV := setting() { $(PYTHON) -m pip config get "global.$$1" 2>/dev/null || true; }; \
	export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$(setting index-url)}}}"; \
	[ -n "$$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX; \
	export VIRTUAL_ENV="$(CURDIR)/$(VENV)"

.PHONY: help setup language-data image ocr-env run submit stop status sql test lint lock bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/installed language-data ## the environment in .venv, and Tesseract's language data; starts nothing

run: setup ## start everything, process new documents, show what came out (DOCS=folder: your own)
	@$(PYTHON) -m tenderlake.embedded run "$${DOCS:-}"

submit: setup ## put DOCS=folder into the inbox and trigger a run, without waiting
	@$(PYTHON) -m tenderlake.embedded submit "$${DOCS:-}"

image: $(VENV)/installed ## build the image that OCR runs in (BASE_IMAGE=…: on another base)
	@PYTHON="$(CURDIR)/$(PYTHON)" docker/ocr-cpu/build.sh

ocr-env: $(OCR_VENV)/installed ## the PaddleOCR-VL pipeline on a CPU in .venv-ocr, for tests (1.4 GB; PYTHON310=…: its Python)

stop: ## end what make run has started, and nothing else
	@if [ -e $(VENV)/installed ]; then $(PYTHON) -m tenderlake.embedded stop; else echo "Nothing was running."; fi

status: $(VENV)/installed ## what runs, and its addresses
	@$(PYTHON) -m tenderlake.embedded status || [ $$? -eq 3 ]  # 3: something does not run, as the text says

sql: export TENDERLAKE_QUERY = $(value Q)
sql: $(VENV)/installed ## query the lake: make sql Q="select filename, page_count from documents"
	@$(PYTHON) -m tenderlake.embedded sql "$$TENDERLAKE_QUERY"

test: setup ## every tier of tests that this machine allows
	@$(PYTHON) -m tests.tiers

lint: $(VENV)/installed ## style, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(CODE)
	@$(BIN)/mypy --python-version 3.10 ocr_tasks  # that of the PaddleOCR-VL image

bench: $(VENV)/installed ## the benchmarks
	@for script in bench/[!_]*.py; do echo "== $$script"; $(PYTHON) "$$script"; done

lock: $(VENV)/installed ## requirements*.in to requirements*.txt; pins stay unless UPGRADE=1
	@$(UV); \
	compile() { \
	  (cd "$$(dirname "$$1")" && name=$$(basename "$$1" .txt) && shift && \
	    "$(CURDIR)/$(BIN)/uv" pip compile $(if $(UPGRADE),--upgrade) "$$@" --no-header --no-annotate -q "$$name.in" -o "$$name.txt"); \
	}; \
	for lock in $(LOCKS); do compile "$$lock" --python-version 3.11; done; \
	for lock in $(LOCKS_310); do compile "$$lock" --python-version 3.10 --universal; done

# Everything below is about the environment.

$(BIN)/uv: requirements-dev.txt
	@for candidate in $(PYTHON311); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	  echo "error: Python 3.11 was not found: install it, or say where it is: make setup PYTHON311=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	    ! $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  echo "Making $(VENV) with $$("$$python" --version) …"; \
	  "$$python" -m venv --clear $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "error: $$python cannot make environments: install its venv module (Debian: apt-get install python3.11-venv)" >&2; \
	    exit 1; }; \
	fi
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements-dev.txt)"
	@touch $@

$(VENV)/installed: $(BIN)/uv requirements.txt requirements-dev.txt pyproject.toml
	@echo "Installing packages …"
	@$(UV); \
	$(BIN)/uv pip sync --quiet requirements.txt requirements-dev.txt && \
	$(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

$(OCR_VENV)/installed: docker/ocr/requirements-cpu.txt $(BIN)/uv
	@version() { "$$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }; \
	python=$(CURDIR)/$(PYTHON); \
	for candidate in $(PYTHON310); do \
	  if [ "$$(version "$$candidate")" = 3.10 ]; then python=$$candidate; break; fi; \
	done; \
	if [ "$$(version "$$python")" != 3.10 ]; then \
	  echo "Python 3.10, which the PaddleOCR-VL image has, was not found: $(OCR_VENV) gets $$(version "$$python") instead" \
	    "(PYTHON310=/path/to/python3.10 names one)"; \
	fi; \
	echo "Making $(OCR_VENV) …"; \
	$(UV); \
	$(BIN)/uv venv --quiet --clear --no-python-downloads --python "$$python" $(OCR_VENV) && \
	VIRTUAL_ENV="$(CURDIR)/$(OCR_VENV)" $(BIN)/uv pip sync --quiet docker/ocr/requirements-cpu.txt
	@touch $@

language-data: $(VENV)/installed
	@check() { $(PYTHON) -c 'from ocr_tasks.engines.tessdata import find_tessdata; find_tessdata(["rus", "eng"])' 2>/dev/null; }; \
	if check; then exit 0; fi; \
	root=; if [ "$$(id -u)" -ne 0 ]; then root="sudo -n"; fi; \
	if [ -z "$${TESSDATA_PREFIX:-}" ] && command -v apt-get >/dev/null && $$root true 2>/dev/null; then \
	  echo "Installing Tesseract's language data (tesseract-ocr-rus, tesseract-ocr-eng) …"; \
	  { $$root apt-get update -qq && \
	    $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	      tesseract-ocr-rus tesseract-ocr-eng; } >/dev/null || true; \
	fi; \
	if ! check; then \
	  echo "error: Tesseract's language data for Russian and English is missing: install tesseract-ocr-rus and" \
	    "tesseract-ocr-eng (Debian, Ubuntu), or set TESSDATA_PREFIX to a folder with rus.traineddata and eng.traineddata" >&2; \
	  exit 1; \
	fi

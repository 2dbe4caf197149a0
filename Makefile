# Each target calls a script. `make help` lists them.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && { echo "$$p"; break; }; done)
PORT ?= 8000

export PORT DATA T K

.DEFAULT_GOAL := help
.PHONY: help setup formats demo test quick fast drill interop check coverage bench lock python

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 on PATH. On Debian: apt install python3 python3-venv python3-pip"; exit 1; }

setup: python ## Install everything into .venv; then .venv/bin/python manage.py COMMAND works
	@$(PYTHON) scripts/bootstrap.py setup

formats: python ## As setup, with the optional libraries for releases in Parquet and DICOM
	@$(PYTHON) scripts/bootstrap.py formats

demo: python ## Run the site with a demo study; PORT=8000, DATA=DIR imports your recordings too
	@$(PYTHON) scripts/bootstrap.py demo

test: python ## Run the tests, installing what they need; K=word runs only matching tests
	@$(PYTHON) scripts/bootstrap.py test

quick: python ## Run the tests of T=FILE within seconds: services stay up, no static checks
	@$(PYTHON) scripts/bootstrap.py quick

fast: python ## Run the domain and JavaScript tests, without services; takes a minute
	@$(PYTHON) scripts/bootstrap.py fast

drill: python ## Run everything at full size: random search, full Chromium, every Python; takes an hour
	@$(PYTHON) scripts/bootstrap.py drill

interop: python ## Open a release with third-party programs; installs them separately (1 GB)
	@$(PYTHON) scripts/bootstrap.py interop

check: python ## Run the static checks only
	@$(PYTHON) scripts/bootstrap.py check

coverage: python ## Run the tests and report lines that none of them runs
	@$(PYTHON) scripts/bootstrap.py coverage

bench: python ## Run the benchmarks; they print ratios
	@$(PYTHON) scripts/bootstrap.py bench

lock: python ## Regenerate requirements*.txt from requirements*.in
	@$(PYTHON) scripts/bootstrap.py lock

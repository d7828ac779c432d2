# make run   builds .venv and makes the main result on the built-in demo data
# make test  builds .venv and runs all checks
# make lock  writes requirements.lock anew from requirements.in

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3.11
CORES ?= all
JOBS ?= 2
VENV := .venv
# Steps are started as `python`: it must be this environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check lock clean

run: $(VENV)/ready
	snakemake --cores $(CORES) results/multiclass_compare.csv

test: check
	python -m pytest -n $(JOBS) --cov --cov-report=term:skip-covered --cov-fail-under=90

check: $(VENV)/ready
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	mypy

$(VENV)/ready: requirements.lock
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	pip install -qq --requirement requirements.lock
	@# librosa compiles its inner loops when first imported: do it once, here.
	python -c "import librosa.feature, librosa.beat, librosa.effects"
	touch $@

lock:
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	pip install -qq --requirement requirements.in
	pip freeze | sed 's/+cpu$$//' > requirements.lock

clean:
	rm -rf $(VENV) .snakemake results

# make run      builds .venv and makes the main result on the built-in demo data
# make report   builds .venv and makes the report of the demo data, results/report.html
# make test     builds .venv and runs all checks
# make torture  runs the long tests: a fuzz of the reader, and memory by length
# make lock     writes requirements.lock anew from requirements.in
# make clean    removes what was built and computed

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
# The first of these that is Python 3.11; nothing if none is.
PYTHON ?= $(shell for python in python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
CORES ?= all
VENV := .venv
# Rules start their steps as `python`: it must be this environment's.
IN_VENV := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run report test check torture lock clean

run: $(VENV)/ready
	$(IN_VENV) snakemake --cores $(CORES) results/multiclass_compare.csv

report: $(VENV)/ready
	$(IN_VENV) snakemake --cores $(CORES) results/report.html

test: check
	$(IN_VENV) python -m pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=90

torture: $(VENV)/ready
	$(IN_VENV) python -m pytest -m torture -s tests/torture

check: $(VENV)/ready
	$(IN_VENV) ruff check .
	$(IN_VENV) ruff format --check .
	$(IN_VENV) snakefmt --check Snakefile rules
	$(IN_VENV) snakemake --lint
	$(IN_VENV) mypy

# librosa compiles its inner loops when it is first imported: better here than in the first job.
$(VENV)/ready: requirements.lock
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install -qq --requirement requirements.lock
	$(VENV)/bin/python -c "import librosa.feature, librosa.beat, librosa.effects"
	touch $@

lock:
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install -qq --requirement requirements.in
	$(VENV)/bin/pip freeze | sed 's/+cpu$$//' > requirements.lock

clean:
	rm -rf $(VENV) .snakemake results resources/demo

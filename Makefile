# make run           builds .venv and makes the main result on the built-in demo data
# make report        builds .venv and makes the report of the demo data, results/report.html
# make test          builds .venv and runs the checks and all tests but the long ones
# make test-pythons  tests training in an environment of each other Python that is found
# make torture       runs the long tests: a fuzz of the reader, many examples of all properties, memory by
#                    length, kills, full disks, the same bytes anywhere, predictions of real files,
#                    commands of the documents, wheels for all, a Slurm whose Snakemake is killed
# make bench         runs the benchmarks, and writes what they print into docs/benchmarks.md
# make outdated      lists what is locked and has newer versions
# make newest        runs the tests with the newest versions that requirements.in allows
# make docs          builds the documentation into site/, in an environment of its own
# make lock          writes requirements.lock and docs/requirements.lock anew
# make wheels        asks whether all that is locked has wheels for every Python and platform
# make clean         removes what was built and computed

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
# The first of these that will do; nothing if none does. DGL has wheels for Python 3.11 alone.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
CORES ?= all
# Tests that run the workflow wait for it now and then: four for two cores.
WORKERS ?= 4
VENV := .venv
DOCS := .venv-docs
# Rules start their steps as `python`: it must be this environment's.
IN_VENV := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run report test test-pythons check torture bench outdated newest docs lock wheels clean

run: $(VENV)/ready
	$(IN_VENV) snakemake --cores $(CORES) results/multiclass_compare.csv

report: $(VENV)/ready
	$(IN_VENV) snakemake --cores $(CORES) results/report.html

test: check
	$(IN_VENV) python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=90

torture: $(VENV)/ready
	$(IN_VENV) python -m pytest -m "torture or hypothesis" --hypothesis-profile=torture -s tests

# PyTorch Geometric is what training is compared with; nothing else needs it.
bench: $(VENV)/ready
	$(VENV)/bin/pip install -qq torch_geometric==2.8.1
	OMP_NUM_THREADS=1 DGLBACKEND=pytorch $(VENV)/bin/python benchmarks/write.py training features scale overhead

outdated: $(VENV)/ready
	$(VENV)/bin/pip list --outdated

# What differs from the lock is printed first. Golden values may differ in their last digits: a test
# that fails says which.
newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/pip install -qq --requirement requirements.in
	diff <(sed 's/ ;.*//' requirements.lock | sort) <(.venv-newest/bin/pip freeze | sort) || true
	GENREGRAPH_ANY_VERSION=1 PATH="$(CURDIR)/.venv-newest/bin:$$PATH" python -m pytest -n $(WORKERS) --dist loadfile \
		--deselect tests/workflow/test_environments.py

check: $(VENV)/ready
	$(IN_VENV) ruff check .
	$(IN_VENV) ruff format --check .
	$(IN_VENV) snakefmt --check Snakefile rules
	$(IN_VENV) snakemake --lint
	$(IN_VENV) mypy

# librosa compiles its inner loops when it is first imported: better here than in the first job.
$(VENV)/ready: requirements.lock pyproject.toml
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install -qq --requirement requirements.lock
	$(VENV)/bin/pip install -qq --no-deps --editable .
	$(VENV)/bin/python -c "import librosa.feature, librosa.beat, librosa.effects"
	touch $@

# What a Python other than that of .venv must do, in an environment of its own.
test-pythons:
	for python in python3.11 python3.12 python3.13 python3.14; do \
		$$python -c 'import sys' 2>/dev/null || continue; \
		$(MAKE) PYTHON=$$python VENV=.venv-$$python .venv-$$python/trained; \
	done

$(VENV)/trained: $(VENV)/ready
	$(VENV)/bin/python -m pytest -q tests/models/test_messages.py tests/models/test_networks.py \
		tests/graph/test_adjacency.py

docs: $(DOCS)/ready
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet

$(DOCS)/ready: docs/requirements.lock
	@bash envs/check-platform.sh "$(PYTHON)"
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/pip install -qq --requirement docs/requirements.lock
	touch $@

# One lock for all: markers say what is for some Pythons and platforms alone. CUDA's libraries are
# left to PyTorch, whose CPU build needs none.
lock: $(VENV)/ready
	$(VENV)/bin/uv pip compile requirements.in --universal --python-version 3.11 --upgrade --fork-strategy fewest \
		--no-header --no-annotate --quiet \
		| sed -E "/^(nvidia|cuda|triton)/d; /; sys_platform == 'win32'$$/d" > requirements.new
	mv requirements.new requirements.lock
	$(VENV)/bin/uv pip compile docs/requirements.in --universal --python-version 3.11 --upgrade \
		--no-header --no-annotate --quiet \
		| sed -E "/; sys_platform == 'win32'$$/d" > requirements.new
	mv requirements.new docs/requirements.lock

wheels: $(VENV)/ready
	bash envs/check-wheels.sh $(VENV)/bin/uv

clean:
	rm -rf $(VENV) .venv-* .snakemake results resources/demo site

# The workflow, with all that requirements.lock pins, on Linux (x86-64 or arm64): docs/cluster.md
FROM python:3.11-slim

# OpenMP, which DGL does not bring along.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

# Where to find PyTorch's CPU build, if CUDA is not wanted.
ARG PIP_EXTRA_INDEX_URL
COPY requirements.lock /genregraph/
RUN pip install --no-cache-dir --disable-pip-version-check --requirement /genregraph/requirements.lock

COPY CITATION.cff /genregraph/
COPY LICENSE /genregraph/
COPY Makefile /genregraph/
COPY pyproject.toml /genregraph/
COPY README.md /genregraph/
COPY requirements.in /genregraph/
COPY Snakefile /genregraph/
COPY genregraph /genregraph/
COPY config /genregraph/config
COPY envs /genregraph/envs
COPY profiles /genregraph/profiles
COPY rules /genregraph/rules
COPY workflow /genregraph/workflow

# Where Snakemake finds the logger that profiles/default names.
ENV PYTHONPATH=/genregraph/workflow/scripts
# Whoever runs it may be a user without a name or a home in the image.
ENV HOME=/tmp USER=genregraph XDG_CACHE_HOME=/tmp/cache
RUN useradd --no-create-home genregraph && install --directory --owner genregraph /work
USER genregraph
WORKDIR /work
ENTRYPOINT ["snakemake", "--snakefile", "/genregraph/Snakefile"]

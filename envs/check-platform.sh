#!/usr/bin/env bash
# Say in one line what this machine lacks, if anything: check-platform.sh PYTHON
set -u
python=$1

if [[ "$(uname -s) $(uname -m)" != "Linux x86_64" ]]; then
    echo "genregraph needs Linux on x86-64 (dgl 1.1.3 has no other wheels): use such a machine, or a container or virtual machine of python:3.11 for linux/amd64." >&2
    exit 1
fi
if [[ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "3.11" ]]; then
    echo "genregraph needs Python 3.11 ('$python' is not): install it with 'apt install python3.11 python3.11-venv', 'dnf install python3.11' or 'conda create -n py311 python=3.11', then 'make PYTHON=/path/to/python3.11 ...'." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "genregraph needs Python's venv module: install it with 'apt install python3.11-venv'." >&2
    exit 1
fi

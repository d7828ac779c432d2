#!/usr/bin/env bash
# Say in one line what this machine lacks, if anything: check-platform.sh PYTHON
set -u
python=$1

case "$(uname -s) $(uname -m)" in
"Linux x86_64" | "Linux aarch64" | "Darwin arm64") ;;
*)
    echo "genregraph needs Linux on x86-64 or arm64, or macOS on Apple silicon (PyTorch and Numba have no other wheels): use such a machine, or a container or virtual machine of python:3.11." >&2
    exit 1
    ;;
esac
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    echo "genregraph needs Python 3.11, 3.12 or 3.13 ('$python' is not): install it with 'apt install python3.11 python3.11-venv', 'dnf install python3.11', 'brew install python@3.13' or 'conda create -n py311 python=3.11', then 'make PYTHON=/path/to/python3.11 ...'." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "genregraph needs Python's venv module: install it with 'apt install python3-venv'." >&2
    exit 1
fi

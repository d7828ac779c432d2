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
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
    echo "genregraph needs Python 3.11 to 3.14 ('$python' is not): install it with 'apt install python3.11 python3.11-venv', 'dnf install python3.11', 'brew install python@3.13' or 'conda create -n py311 python=3.11', then 'make PYTHON=/path/to/python3.11 ...'." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "genregraph needs Python's venv module: install it with 'apt install python3-venv'." >&2
    exit 1
fi
# A Python that someone built lacks the modules whose libraries were not there.
for module in bz2 ctypes lzma sqlite3 ssl zlib; do
    if ! "$python" -c "import $module" 2>/dev/null; then
        echo "genregraph needs Python's module $module, which '$python' was built without: install its library with 'apt install libbz2-dev libffi-dev liblzma-dev libsqlite3-dev libssl-dev zlib1g-dev' and build Python again ('pyenv install --force'), or use a Python of your system." >&2
        exit 1
    fi
done
# Of all that is locked, immutables alone has no wheels for Python 3.14: pip builds it.
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 14))'; then
    headers='import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'
    if ! command -v "${CC:-cc}" > /dev/null || ! "$python" -c "$headers" 2>/dev/null; then
        echo "genregraph on Python 3.14 needs a C compiler and Python's headers: install them with 'apt install gcc python3-dev', 'dnf install gcc python3-devel' or 'xcode-select --install', or use Python 3.13." >&2
        exit 1
    fi
fi

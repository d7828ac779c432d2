#!/usr/bin/env bash
# Say for each Python and platform whether all that requirements.lock pins for it has wheels:
# check-wheels.sh UV. Of what Snakemake needs, connection-pool, a small module in Python, has none
# anywhere; immutables has none for Python 3.14, where pip builds it with a C compiler.
set -u
uv=$1
export MACOSX_DEPLOYMENT_TARGET=14.0

declare -A built=([3.14]="--no-binary immutables")

check() {
    "$uv" pip compile requirements.lock --quiet --no-deps --no-header --no-annotate \
        --only-binary :all: --no-binary connection-pool ${built[$1]:-} \
        --python-version "$1" --python-platform "$2" > /dev/null
}

asked=()
for python in 3.11 3.12 3.13 3.14; do
    for platform in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do
        asked+=("$python $platform")
        check "$python" "$platform" &
    done
done
status=0
i=0
for job in $(jobs -p); do
    if wait "$job"; then
        echo "Python ${asked[i]}: wheels of all${built[${asked[i]% *}]:+ but immutables}"
    else
        echo "Python ${asked[i]}: wheels are missing" >&2
        status=1
    fi
    i=$((i + 1))
done
exit "$status"

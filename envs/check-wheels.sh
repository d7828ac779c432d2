#!/usr/bin/env bash
# Say for each Python and platform whether all that requirements.lock pins for it has wheels:
# check-wheels.sh UV. connection-pool alone, a small module that Snakemake needs, has none anywhere.
set -u
uv=$1
export MACOSX_DEPLOYMENT_TARGET=14.0

check() {
    "$uv" pip compile requirements.lock --quiet --no-deps --no-header --no-annotate \
        --only-binary :all: --no-binary connection-pool \
        --python-version "$1" --python-platform "$2" > /dev/null
}

asked=()
for python in 3.11 3.12 3.13; do
    for platform in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do
        asked+=("$python $platform")
        check "$python" "$platform" &
    done
done
status=0
i=0
for job in $(jobs -p); do
    if wait "$job"; then
        echo "Python ${asked[i]}: wheels of all"
    else
        echo "Python ${asked[i]}: wheels are missing" >&2
        status=1
    fi
    i=$((i + 1))
done
exit "$status"

"""Data moves left to right only: no module imports from a package that comes later."""

import pytest

from genregraph.common.code import SCRIPTS, local_modules

# Rooms that serve all others, then those through which data flows.
PACKAGES = "common datasets config audio demo features folds plan preprocessing selection graph"
PACKAGES = [*PACKAGES.split(), "models", "evaluation", "report", "predict", "cli"]
MODULES = sorted(
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts)
    for path in SCRIPTS.glob("*/**/*.py")
    if path.stem != "__init__"
)


def test_every_module_is_in_a_package_of_the_flow() -> None:
    assert {module.split(".")[0] for module in MODULES} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_runs_against_the_flow(package: str) -> None:
    later = PACKAGES[PACKAGES.index(package) + 1 :]
    against = {
        f"{module} imports {used}"
        for module in MODULES
        if module.startswith(f"{package}.")
        for used in local_modules(module)
        if used.split(".")[0] in later
    }
    assert against == set()

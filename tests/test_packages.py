"""Data moves one way: no module imports from a later package, and costly steps import little."""

import pytest

from genregraph.common.code import SCRIPTS, local_modules

PACKAGES = (
    "common datasets config audio demo features folds preprocessing selection graph models "
    "evaluation report predict plan cli"
).split()
MODULES = sorted(
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts)
    for path in SCRIPTS.glob("*/**/*.py")
    if path.stem != "__init__"
)
# Modules that a step may use, itself among them: each edit of one computes its results anew.
MOST = {
    "audio.audit": 9,
    "features.handcrafted": 5,
    "features.compare": 5,
    "features.musicnn": 6,
    "features.images": 5,
    "graph.adjacency": 5,
    "models.classifiers": 7,
    "models.networks": 12,
    "models.fit": 20,
}


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


@pytest.mark.parametrize("step", MOST)
def test_costly_steps_import_little(step: str) -> None:
    modules = local_modules(step)
    assert len(modules) <= MOST[step], sorted(modules)

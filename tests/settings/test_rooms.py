"""Data moves left to right only: no module imports from a room that comes later."""

import pytest

from settings.code import SCRIPTS, local_modules

# Rooms that serve all others, then those through which data flows.
ROOMS = "settings audio demo features folds inputs graph models evaluation report"
ROOMS = [*ROOMS.split(), "predict", "start"]
MODULES = sorted(
    f"{path.parent.name}.{path.stem}" for path in SCRIPTS.glob("*/*.py") if path.stem != "__init__"
)


def test_every_module_is_in_a_room_of_the_flow() -> None:
    assert {module.split(".")[0] for module in MODULES} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_import_runs_against_the_flow(room: str) -> None:
    later = ROOMS[ROOMS.index(room) + 1 :]
    against = {
        f"{module} imports {used}"
        for module in MODULES
        if module.startswith(f"{room}.")
        for used in local_modules(module)
        if used.split(".")[0] in later
    }
    assert against == set()

import os
import subprocess
import sys
from pathlib import Path

from settings.caches import ensure_cache

ROOT = Path(__file__).parents[2]
NOWHERE = "/proc/nothing"  # Not even root makes a folder there.


def test_a_cache_that_can_be_written_stays(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    ensure_cache()
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "new")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    ensure_cache()
    assert "XDG_CACHE_HOME" not in os.environ


def test_without_a_home_numba_finds_a_place_and_leaves_nothing_behind() -> None:
    """As where the environment is read-only too: numba asks there first."""
    script = (
        "from settings.caches import ensure_cache\n"
        "ensure_cache()\n"
        "import json, os\n"
        "from numba.core.caching import UserWideCacheLocator\n"
        "found = UserWideCacheLocator.from_function(json.dumps, json.__file__)\n"
        "found.ensure_cache_path()\n"
        "print(os.environ['XDG_CACHE_HOME'], found.get_cache_path())\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"}
    environment |= {"HOME": NOWHERE, "PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    folder, path = done.stdout.split()
    assert path.startswith(folder) and not Path(folder).exists()

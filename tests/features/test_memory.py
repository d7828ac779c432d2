"""Memory that steps take for a long clip: within what their rules state, whatever its length."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.audio.conftest import write_samples

from genregraph.audio.samples import SAMPLE_RATE

ROOT = Path(__file__).parents[2]
LONGEST = 600  # Seconds; the default of audit.longest.
MEASURED = """
import re, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:  # Its own: that of getrusage begins with that of the process from which it was forked.
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def peak(*arguments: str) -> float:
    """Peak of memory of a step, in MB."""
    command = [sys.executable, "-c", MEASURED, str(ROOT / "workflow/scripts/genregraph")]
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.splitlines()[-1]) / 1024


def stated(rule: str) -> float:
    """MB that a rule states for its first try at this length."""
    text = (ROOT / "rules" / ("audio.smk" if rule == "audit" else "features.smk")).read_text()
    memory = re.search(rf"as {rule} with:.*?mem_mb=memory\((.*?)\),", text, re.DOTALL)
    base, factor = re.fullmatch(r"(\d+) \+ (?:(\d+) \* )?CONFIG.audit.longest", memory[1]).groups()
    return int(base) + int(factor or 1) * LONGEST


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal(LONGEST * SAMPLE_RATE, dtype=np.float32) / 10


def test_the_audit_of_an_hours_clip_takes_what_it_states(tmp_path, noise, monkeypatch) -> None:
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 2 * SAMPLE_RATE, 1, "PCM_U8") as file:
        for _ in range(6 * 2):
            file.write(noise)
    (tmp_path / "sheet.tsv").write_text("clip\tpath\tgenre\na\ta.wav\tx\n")
    monkeypatch.chdir(tmp_path)
    used = peak(
        *("audio.audit", "--sheet=sheet.tsv", "--audio=.", "--shard=00", "--shards=1"),
        *("--shortest=1", "--silence=0", f"--longest={LONGEST}"),
        *("--clips=clips", "--samples=samples"),
    )
    assert 200 < used < stated("audit")


@pytest.mark.torture
@pytest.mark.parametrize("step", ["handcrafted", "compare", "images"])
def test_features_of_the_longest_clip_take_what_they_state(tmp_path, noise, step) -> None:
    write_samples(tmp_path / "samples", [("a", noise)])
    options = [f"--samples={tmp_path}/samples", "--cut=30s", f"--output={tmp_path}/features"]
    options += ["--profile=kaggle"] if step == "handcrafted" else []
    rule = "images" if step == "images" else "extract"
    assert 200 < peak(f"features.{step}", *options) < stated(rule)

"""Peak of memory of the steps that read audio, for clips of one minute to an hour."""

import numpy as np
import pytest
import soundfile
from tests.features.test_memory import LONGEST, peak, stated

from genregraph.audio.samples import SAMPLE_RATE

pytestmark = pytest.mark.torture


def test_memory_by_length(tmp_path, capsys) -> None:
    noise = np.random.default_rng(0).standard_normal((60 * SAMPLE_RATE, 2)) / 10
    samples = f"--samples={tmp_path}/samples"
    written = [samples, "--cut=30s", f"--output={tmp_path}/features"]
    for minutes in (1, 4, 10, 60):
        with soundfile.SoundFile(tmp_path / "a.wav", "w", 2 * SAMPLE_RATE, 2, "PCM_16") as file:
            for _ in range(2 * minutes):
                file.write(noise)
        (tmp_path / "sheet.tsv").write_text("clip\tpath\tgenre\na\ta.wav\tx\n")
        options = [f"--sheet={tmp_path}/sheet.tsv", f"--audio={tmp_path}", "--shard=00"]
        options += ["--shards=1", "--shortest=1", "--silence=0", f"--longest={LONGEST}", samples]
        options += [f"--clips={tmp_path}/clips"]
        used = {"audit": peak("audio.audit", *options)}
        used["handcrafted"] = peak("features.handcrafted", *written, "--profile=kaggle")
        used["compare"] = peak("features.compare", *written)
        used["images"] = peak("features.images", *written)
        with capsys.disabled():
            print(f"{minutes} min:", {step: f"{mb:.0f} MB" for step, mb in used.items()})
        for step, mb in used.items():
            rule = step if step in ("audit", "images") else "extract"
            assert mb < stated(rule)

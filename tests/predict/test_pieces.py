from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.testing import assert_array_equal
from tests.audio.conftest import play

from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE, read_samples
from genregraph.predict.pieces import cut_files, cut_up, piece_length

LIMITS = (1.0, 1e-4, 600.0)  # Shortest file, silence, and longest.


def test_pieces_have_one_length_and_leave_out_less_than_half_of_one() -> None:
    length = 7
    for samples in range(1, 5 * length + 1):
        pieces = cut_up(samples, length)
        covered = np.zeros(samples, dtype=bool)
        for start, size in pieces:
            covered[start : start + size] = True
            assert size == length or len(pieces) == 1
        assert 2 * np.count_nonzero(~covered) < length


def clips(*seconds: float) -> pd.DataFrame:
    samples = [int(second * SAMPLE_RATE) for second in seconds]
    return pd.DataFrame({"samples": samples, "status": "ok"})


def test_piece_length_is_the_segment_length_or_the_median_of_longer_clips() -> None:
    assert piece_length(clips(2, 2, 2), "30s") == 30 * SAMPLE_RATE
    assert piece_length(clips(2.9999), "3s") == 66_149  # As audio.samples has them.
    assert piece_length(clips(200, 240, 300), "30s") == 240 * SAMPLE_RATE
    assert piece_length(clips(0, 0), "30s") == 30 * SAMPLE_RATE  # Imported without audio.
    rejected = clips(500, 40).assign(status=["rejected", "ok"])
    assert piece_length(rejected, "30s") == 40 * SAMPLE_RATE


def test_pieces_of_a_file_are_parts_of_its_samples(tmp_path) -> None:
    file = str(tmp_path / "a.wav")
    with soundfile.SoundFile(file, "w", 44_100, 2) as sound:
        sound.artist = "Ann"
        sound.write(play(7, 44_100, 2))
    table = cut_files([file], tmp_path / "samples", 2 * SAMPLE_RATE, *LIMITS)
    wave = decode(Path(file)).samples
    assert table["start"].tolist() == [0, 44_100, 88_200, 5 * SAMPLE_RATE]
    assert table["samples"].unique().tolist() == [wave.size]
    assert table["artist"].unique().tolist() == ["Ann"]
    written = dict(read_samples(tmp_path / "samples"))
    assert list(written) == table["piece"].tolist()
    for piece, start, length in table[["piece", "start", "length"]].itertuples(index=False):
        assert_array_equal(written[piece], wave[start : start + length])


def test_silent_pieces_are_left_out_and_silent_files_rejected(tmp_path) -> None:
    silent = np.zeros(4 * SAMPLE_RATE)
    click = np.append(silent, 0)
    click[-2] = 0.5
    waves = {"sound": np.append(silent, play(2)[:, 0]), "silence": silent, "click": click}
    for name, wave in waves.items():
        soundfile.write(tmp_path / f"{name}.wav", wave, SAMPLE_RATE, subtype="FLOAT")
    (tmp_path / "text.mp3").write_text("no music\n" * 500)
    files = [*(str(tmp_path / f"{name}.wav") for name in waves), str(tmp_path / "text.mp3")]
    table = cut_files(files, tmp_path / "samples", 2 * SAMPLE_RATE, *LIMITS)
    assert table["file"].tolist() == files
    assert table["status"].tolist() == ["ok", "rejected", "ok", "rejected"]
    # The click is in the second piece.
    assert table["start"].tolist() == [4 * SAMPLE_RATE, 0, 2 * SAMPLE_RATE, 0]
    assert table.loc[1, "problem"].startswith("silent")
    assert table.loc[3, "problem"].startswith("unreadable: Format not recognised")
    assert len(list(read_samples(tmp_path / "samples"))) == 2

import hashlib
import os
from pathlib import Path
from unittest.mock import Mock

import librosa
import numpy as np
import pandas as pd
import pytest
from tests.audio.conftest import record

from genregraph.audio.audit import COLUMNS, audit, main
from genregraph.audio.samples import read_samples
from genregraph.datasets.sheet import Row, read_sheet, rows_by_shard, write_sheet

GTZAN_MINI = Path(__file__).parents[2] / "config" / "datasets" / "gtzan-mini.tsv"
HOSTILE = "a b'; touch x; $(id)"
GONE = "missing: the audio folder has no such file"
REJECTED = "rejected: no feature, fold or result has it"
WAY_OUT = "fetch it anew, or convert it: ffmpeg -i FILE NEW.flac"


def audited_in(folder: Path, rows: list[Row], aside: Path) -> tuple[pd.DataFrame, dict]:
    """Facts of clips and samples of the good ones, from four shards."""
    write_sheet(rows, aside / "sheet.tsv")
    tables, samples = [], {}
    for shard, clips in rows_by_shard(rows, 4).items():
        made = aside / f"{shard}.clips", aside / f"{shard}.samples"
        main(aside / "sheet.tsv", folder, shard, 4, 1.0, 1e-4, 600, *made, [".wav", ".au"])
        tables.append(pd.read_parquet(made[0]))
        assert tables[-1]["clip"].tolist() == sorted(row.clip for row in clips)
        samples |= read_samples(made[1])
    return pd.concat(tables).sort_values("clip", ignore_index=True), samples


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> tuple:
    """Clips that no workflow should stumble over, and some that are fine: in a folder, audited."""
    folder = tmp_path_factory.mktemp("audio")
    rock = folder / "rock"
    record(rock / "good.wav")
    record(rock / "other.au")
    record(rock / "short.wav", 0.01)
    record(rock / "stereo.mp3", 1.5, 44_100, 2)
    record(rock / f"{HOSTILE}.wav")
    (rock / "text.wav").write_text("this is no audio\n" * 100)
    (rock / "empty.wav").touch()
    paths = [path.relative_to(folder) for path in rock.iterdir()]
    paths = [path.with_suffix(".wav") if path.stem == "other" else path for path in paths]
    rows = [Row(path.stem, path.as_posix(), "rock") for path in [*paths, Path("rock/gone.wav")]]
    return folder, rows, *audited_in(folder, rows, tmp_path_factory.mktemp("shards"))


def test_clip_is_ok_repaired_or_rejected(audited) -> None:
    facts = audited[2].set_index("clip")[["status", "problem", "what_was_done"]]
    assert facts.T.to_dict("list") == {
        "good": ["ok", "", ""],
        "other": ["repaired", GONE, "rock/other.au is used"],
        "text": ["rejected", f"unreadable: Format not recognised; {WAY_OUT}", REJECTED],
        "empty": ["rejected", "empty: the file has no bytes", REJECTED],
        "short": ["rejected", "too short: 0.010 s, under 1 s", REJECTED],
        "stereo": ["ok", "", ""],
        HOSTILE: ["ok", "", ""],
        "gone": ["rejected", GONE, REJECTED],
    }


def test_facts_are_a_row_a_clip_and_samples_are_those_of_good_ones(audited) -> None:
    folder, rows, table, samples = audited
    assert list(table.columns) == COLUMNS
    assert list(table["clip"]) == sorted(row.clip for row in rows)
    good = table.query("status != 'rejected'")
    assert sorted(samples) == list(good["clip"])
    for row in good.itertuples():
        expected = librosa.load(folder / row.file)[0]
        np.testing.assert_array_equal(samples[row.clip], expected, strict=True)
        assert expected.size == row.samples
    files = (folder / "rock").iterdir()
    expected = {path.stem: hashlib.md5(path.read_bytes()).hexdigest() for path in files}
    assert dict(zip(table["clip"], table["md5"], strict=True)) == {**expected, "gone": ""}


def test_real_clips_pass_with_the_md5_of_the_sheet(tmp_path, real_audio) -> None:
    rows = [row for row in read_sheet(GTZAN_MINI) if row.clip.endswith(".00000")]
    table, samples = audited_in(real_audio, rows, tmp_path)
    assert set(table["status"]) == {"ok"} and sorted(samples) == sorted(row.clip for row in rows)
    assert dict(zip(table["clip"], table["md5"], strict=True)) == {r.clip: r.md5 for r in rows}


def test_file_without_permission_is_rejected_with_the_way_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Path, "open", Mock(side_effect=PermissionError))
    facts, decoded = audit(Row("a", "a b.wav", "x"), "a b.wav", tmp_path, 1.0, 1e-4, 600)
    assert decoded is None
    allow = f"allow it: chmod u+r '{tmp_path}/a b.wav'"
    assert facts["problem"] == f"unreadable: no permission; {allow}"


def test_path_without_a_file_says_what_is_there(tmp_path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    rows = [Row(name, f"{name}.wav", "x") for name in ("folder", "link", "pipe", "n" * 300)]
    table, samples = audited_in(tmp_path, rows, tmp_path)
    assert not samples
    assert table["problem"].tolist() == [
        "missing: the path is that of a folder, or of something else that is no file",
        "missing: it is a link to nowhere.wav, where no file is",
        GONE,
        "missing: the path is that of a folder, or of something else that is no file",
    ]


def test_lack_of_memory_fails_the_audit(tmp_path, starved) -> None:
    record(tmp_path / "a.wav", 120)
    (tmp_path / "sheet.tsv").write_text("clip\tpath\tgenre\na\ta.wav\tx\n")
    options = ["--sheet=sheet.tsv", "--audio=.", "--shard=00", "--shards=1", "--shortest=1"]
    options += ["--silence=0", "--longest=600", "--clips=clips", "--samples=samples"]
    assert "MemoryError" in starved("audio.audit", options, spare=2**22)
    assert not (tmp_path / "clips").exists()

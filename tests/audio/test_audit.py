import errno
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import librosa
import numpy as np
import pandas as pd
import pytest

from genregraph.audio.audit import COLUMNS, audit, audit_shard, main
from genregraph.audio.samples import read_samples
from genregraph.datasets.sheet import Row, locate, read_sheet, rows_by_shard, write_sheet

GTZAN_MINI = Path(__file__).parents[2] / "config" / "datasets" / "gtzan-mini.tsv"
HOSTILE = "a b'; touch x; $(id)"
GONE = "missing: the audio folder has no such file"
REJECTED = "rejected: no feature, fold or result has it"
UNREADABLE = (
    "unreadable: Format not recognised; fetch it anew, or convert it: ffmpeg -i FILE NEW.flac"
)


def files(rows: list[Row], folder: Path) -> dict[Row, str | None]:
    named = {row.path for row in rows}
    return {row: locate(folder, row.path, [".wav", ".au"], named) for row in rows}


class Audited(NamedTuple):
    folder: Path
    rows: list[Row]
    table: pd.DataFrame
    samples: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def audited(tmp_path_factory, record) -> Audited:
    """Clips that no workflow should stumble over, and some that are fine."""
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
    file = tmp_path_factory.mktemp("shard") / "samples.parquet"
    table = audit_shard(files(rows, folder), folder, file, 1.0, 1e-4, 600)
    return Audited(folder, rows, table, dict(read_samples(file)))


def test_clip_is_ok_repaired_or_rejected(audited) -> None:
    facts = audited.table.set_index("clip")[["status", "problem", "what_was_done"]]
    assert facts.T.to_dict("list") == {
        "good": ["ok", "", ""],
        "other": ["repaired", GONE, "rock/other.au is used"],
        "text": ["rejected", UNREADABLE, REJECTED],
        "empty": ["rejected", "empty: the file has no bytes", REJECTED],
        "short": ["rejected", "too short: 0.010 s, shorter than 1 s", REJECTED],
        "stereo": ["ok", "", ""],
        HOSTILE: ["ok", "", ""],
        "gone": ["rejected", GONE, REJECTED],
    }


def test_facts_are_a_row_a_clip_with_the_md5_of_its_file(audited) -> None:
    assert list(audited.table.columns) == COLUMNS
    assert list(audited.table["clip"]) == sorted(row.clip for row in audited.rows)
    rock = (audited.folder / "rock").iterdir()
    expected = {path.stem: hashlib.md5(path.read_bytes()).hexdigest() for path in rock}
    md5s = dict(zip(audited.table["clip"], audited.table["md5"], strict=True))
    assert md5s == {**expected, "gone": ""}


def test_samples_are_those_of_good_clips_alone(audited) -> None:
    good = audited.table.query("status != 'rejected'")
    assert list(audited.samples) == list(good["clip"])
    for clip, file, count in zip(good["clip"], good["file"], good["samples"], strict=True):
        np.testing.assert_array_equal(
            audited.samples[clip], librosa.load(audited.folder / file)[0], strict=True
        )
        assert audited.samples[clip].size == count


def test_shards_together_hold_each_clip_once(tmp_path, audited) -> None:
    sheet = tmp_path / "sheet.tsv"
    write_sheet(audited.rows, sheet)
    shards = rows_by_shard(audited.rows, 4)
    tables, clips = [], []
    for shard in shards:
        facts, samples = made = [tmp_path / f"{shard}.{i}" for i in range(2)]
        main(sheet, audited.folder, shard, 4, 1.0, 1e-4, 600, *made, [".wav", ".au"])
        tables.append(pd.read_parquet(facts))
        clips += [clip for clip, _ in read_samples(samples)]
        assert set(tables[-1]["clip"]) == {row.clip for row in shards[shard]}
    assert len(shards) > 1
    together = pd.concat(tables).sort_values("clip", ignore_index=True)
    pd.testing.assert_frame_equal(together, audited.table, check_dtype=False)
    assert sorted(clips) == sorted(audited.samples)


def test_real_clips_pass_with_the_md5_of_the_sheet(tmp_path, real_audio) -> None:
    rows = [row for row in read_sheet(GTZAN_MINI) if row.clip.endswith(".00000")]
    table = audit_shard(files(rows, real_audio), real_audio, tmp_path / "samples", 1.0, 1e-4, 600)
    assert set(table["status"]) == {"ok"}
    assert dict(zip(table["clip"], table["md5"], strict=True)) == {r.clip: r.md5 for r in rows}
    for clip, samples in read_samples(tmp_path / "samples"):
        expected, _ = librosa.load(real_audio / clip.split(".")[0] / f"{clip}.wav")
        np.testing.assert_array_equal(samples, expected)


def test_file_without_permission_is_rejected_with_the_way_out(tmp_path, monkeypatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    facts, decoded = audit(Row("a", "a b.wav", "x"), "a b.wav", tmp_path, 1.0, 1e-4, 600)
    assert decoded is None
    allow = f"allow it: chmod u+r '{tmp_path}/a b.wav'"
    assert facts["problem"] == f"unreadable: no permission; {allow}"


def test_path_without_a_file_says_what_is_there(tmp_path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    rows = [Row(name, f"{name}.wav", "x") for name in ("folder", "link", "pipe")]
    rows.append(Row("long", "n" * 300, "x"))
    table = audit_shard(files(rows, tmp_path), tmp_path, tmp_path / "samples", 1.0, 1e-4, 600)
    assert list(read_samples(tmp_path / "samples")) == []
    assert dict(zip(table["clip"], table["problem"], strict=True)) == {
        "folder": "missing: there is a folder of this name, and no file",
        "link": "missing: it is a link to nowhere.wav, where no file is",
        "long": GONE,
        "pipe": "missing: there is something of this name, and no file",
    }


def test_lack_of_memory_fails_the_audit(tmp_path, record, starved) -> None:
    record(tmp_path / "a.wav", 120)
    (tmp_path / "sheet.tsv").write_text("clip\tpath\tgenre\na\ta.wav\tx\n")
    options = ["--sheet=sheet.tsv", "--audio=.", "--shard=00", "--shards=1", "--shortest=1"]
    options += ["--silence=0", "--longest=600", "--clips=clips", "--samples=samples"]
    assert "MemoryError" in starved("audio.audit", options, spare=2**22)
    assert not (tmp_path / "clips").exists()

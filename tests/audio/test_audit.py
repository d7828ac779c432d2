import errno
import hashlib
import logging
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest

from genregraph.audio.audit import COLUMNS, audit, audit_shard, main
from genregraph.audio.read import Decoded
from genregraph.audio.samples import read_samples
from genregraph.datasets.sheet import Row, locate, read_sheet, rows_by_shard, write_sheet

# librosa.load imports modules that Python will drop.

GTZAN_MINI = Path(__file__).parents[2] / "config" / "datasets" / "gtzan-mini.tsv"
HOSTILE = "a b'; touch x; $(id)"
STANDS_IN = "rock/other.au stands in"
REFUSED = "rejected: no feature, fold or result has it"
UNREADABLE = (
    "unreadable: Format not recognised; fetch it anew, or convert it: ffmpeg -i FILE NEW.flac"
)


def files(rows: list[Row], folder: Path) -> dict[Row, str | None]:
    named = {row.path for row in rows}
    return {row: locate(folder, row.path, [".wav", ".au"], named) for row in rows}


def heard(row: Row, folder: Path, *bounds: float) -> tuple[dict, Decoded | None]:
    return audit(row, row.path, folder, *bounds)


@dataclass(frozen=True)
class Audited:
    folder: Path
    rows: list[Row]
    table: pd.DataFrame
    samples: dict[str, np.ndarray]

    def of(self, clip: str) -> pd.Series:
        return self.table.set_index("clip").loc[clip]


def spoil(folder: Path, record) -> None:
    """The clips that no workflow should stumble over, and one that is fine."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.5, 0.5, 30_000).astype(np.float32)
    broken = noise.copy()
    broken[100:103] = np.nan
    record(folder / "good.wav")
    record(folder / "other.au")
    record(folder / "short.wav", 0.01)
    record(folder / "silent.wav", samples=np.zeros(3 * 22_050, np.float32))
    record(folder / "nan.wav", samples=broken, subtype="FLOAT")
    record(folder / "stereo.mp3", 1.5, 44_100, 2)
    record(folder / f"{HOSTILE}.wav")
    (folder / "text.wav").write_text("this is no audio\n" * 100)
    (folder / "raw.wav").write_bytes((noise * 32767).astype("<i2").tobytes())
    (folder / "empty.wav").touch()


@pytest.fixture(scope="module")
def audited(tmp_path_factory, record) -> Audited:
    folder = tmp_path_factory.mktemp("audio")
    spoil(folder / "rock", record)
    paths = [path.relative_to(folder) for path in (folder / "rock").iterdir()]
    paths = [path.with_suffix(".wav") if path.stem == "other" else path for path in paths]
    rows = [Row(path.stem, path.as_posix(), "rock") for path in [*paths, Path("rock/gone.wav")]]
    file = tmp_path_factory.mktemp("shard") / "samples.parquet"
    table = audit_shard(files(rows, folder), folder, file, 1.0, 1e-4, 600)
    return Audited(folder, rows, table, dict(read_samples(file)))


@pytest.mark.parametrize(
    ("clip", "status", "problem", "done"),
    [
        ("good", "ok", "", ""),
        ("other", "repaired", "missing: the audio folder has no such file", STANDS_IN),
        ("text", "rejected", UNREADABLE, REFUSED),
        ("raw", "rejected", UNREADABLE, REFUSED),
        ("empty", "rejected", "empty: the file has no bytes", REFUSED),
        ("short", "rejected", "too short: 0.010 s, shorter than 1 s", REFUSED),
        ("silent", "rejected", "silent: no sample is further than 0.0001 from the mean", REFUSED),
        ("nan", "rejected", "non-finite: 3 of 30000 samples are NaN or infinite", REFUSED),
        ("stereo", "ok", "", ""),
        (HOSTILE, "repaired", "the name holds $ ;", "kept: no shell ever sees the name"),
        ("gone", "rejected", "missing: the audio folder has no such file", REFUSED),
    ],
)
def test_each_clip_is_kept_repaired_or_refused(audited, clip, status, problem, done) -> None:
    row = audited.of(clip)
    assert (row["status"], row["problem"], row["what_was_done"]) == (status, problem, done)


def test_every_clip_has_a_row_by_name(audited) -> None:
    assert list(audited.table.columns) == COLUMNS
    assert list(audited.table["clip"]) == sorted(row.clip for row in audited.rows)


def test_only_good_clips_have_samples(audited) -> None:
    good = audited.table.query("status != 'rejected'")
    assert list(audited.samples) == list(good["clip"])
    assert [samples.size for samples in audited.samples.values()] == list(good["samples"])


@pytest.mark.parametrize("name", ["good.wav", "other.au", "stereo.mp3", f"{HOSTILE}.wav"])
def test_samples_are_those_of_the_file(audited, name) -> None:
    expected, _ = librosa.load(audited.folder / "rock" / name)
    np.testing.assert_array_equal(audited.samples[Path(name).stem], expected)


def test_the_md5_of_each_file_that_is_there_is_recorded(audited) -> None:
    files = {path.stem: path.read_bytes() for path in (audited.folder / "rock").iterdir()}
    expected = {clip: hashlib.md5(raw).hexdigest() for clip, raw in files.items()}
    assert dict(zip(audited.table["clip"], audited.table["md5"], strict=True)) == {
        **expected,
        "gone": "",
    }


def test_what_the_sheet_says_of_genre_and_artist_is_no_matter_of_the_audit(
    tmp_path, record
) -> None:
    record(tmp_path / "rock" / "a.wav")
    rows = [Row("a", "rock/a.wav", "rock"), Row("b", "rock/gone.wav", "rock")]
    edited = [replace(row, artist="X", title="T", group="G", genre="pop") for row in rows]
    tables = [
        audit_shard(files(stated, tmp_path), tmp_path, tmp_path / "samples", 1.0, 1e-4, 600)
        for stated in (rows, edited)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_another_md5_than_the_sheets_is_logged_and_kept(tmp_path, record, caplog) -> None:
    record(tmp_path / "rock" / "a.wav")
    caplog.set_level(logging.INFO)
    facts, decoded = heard(Row("a", "rock/a.wav", "rock", md5="0" * 32), tmp_path, 1.0, 1e-4, 600)
    assert facts["status"] == "ok" and decoded is not None
    assert "its md5 is not the sheet's" in caplog.text
    caplog.clear()
    heard(Row("a", "rock/a.wav", "rock", md5=str(facts["md5"])), tmp_path, 1.0, 1e-4, 600)
    assert not caplog.text


def test_the_bounds_come_from_the_command_line(tmp_path, record) -> None:
    record(tmp_path / "rock" / "short.wav", 0.2)
    row = Row("short", "rock/short.wav", "rock")
    assert heard(row, tmp_path, 0.1, 1e-4, 600)[0]["status"] == "ok"
    assert heard(row, tmp_path, 0.1, 0.99, 600)[0]["status"] == "rejected"


@pytest.mark.parametrize(
    ("longest", "problem", "done"),
    [
        (60, "1.1 min long", "the first 1 min are used"),
        (59.5, "1.1 min long", "the first 59.5 s are used"),
        (70, "", ""),
    ],
)
def test_of_a_long_clip_the_beginning_is_used(tmp_path, record, longest, problem, done) -> None:
    record(tmp_path / "rock" / "long.wav", 66)
    facts, decoded = heard(Row("a", "rock/long.wav", "rock"), tmp_path, 1.0, 1e-4, longest)
    assert (facts["problem"], facts["what_was_done"]) == (problem, done)
    assert facts["status"] == ("repaired" if problem else "ok")
    assert facts["samples"] == decoded.samples.size == min(longest, 66) * 22_050


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


def test_a_shard_of_refused_clips_alone_is_written(tmp_path) -> None:
    table = audit_shard(
        {Row("a", "a.wav", "x"): None}, tmp_path, tmp_path / "samples", 1.0, 1e-4, 600
    )
    assert list(table["status"]) == ["rejected"]
    assert list(read_samples(tmp_path / "samples")) == []


def test_a_clip_that_breaks_off_says_how_much_of_it_is_there(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav", 3)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 22_050])
    facts, decoded = heard(Row("a", "a.wav", "rock"), tmp_path, 1.0, 1e-4, 600)
    assert facts["status"] == "repaired" and decoded.samples.size == 22_050
    assert facts["problem"] == "breaks off: 1.0 s of the 3.0 s it states"
    assert facts["what_was_done"] == "what is there is used"


def test_a_clip_with_a_hole_of_junk_says_so(tmp_path, record) -> None:
    path = record(tmp_path / "a.mp3", 6, 44_100, 2)
    raw = path.read_bytes()
    middle, junk = len(raw) // 2, np.random.default_rng(0).bytes(5000)
    path.write_bytes(raw[:middle] + junk + raw[middle + len(junk) :])
    facts, _ = heard(Row("a", "a.mp3", "rock"), tmp_path, 1.0, 1e-4, 600)
    assert facts["status"] == "repaired"
    assert re.fullmatch(r"breaks off: 5\.\d s .*; damaged in \d+ place\(s\)", facts["problem"])
    assert facts["what_was_done"].endswith("; what can be decoded is used")


def test_levels_are_mended_and_told(tmp_path, record) -> None:
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, 30_000).astype(np.float32)
    for samples, problem, done, expected in [
        (
            noise * 20_000,
            "in the range of 16-bit integers",
            "divided by 32768",
            noise * 20 / 32.768,
        ),
        (noise + 0.6, "DC offset of 0.6 of full scale", "kept", noise + 0.6),
    ]:
        record(tmp_path / "a.wav", samples=samples, subtype="FLOAT")
        facts, decoded = heard(Row("a", "a.wav", "rock"), tmp_path, 1.0, 1e-4, 600)
        assert (facts["status"], facts["problem"]) == ("repaired", problem)
        assert facts["what_was_done"] == done
        np.testing.assert_allclose(decoded.samples, expected, rtol=1e-5)


def test_a_file_that_may_not_be_read_is_refused_with_the_way_out(tmp_path, monkeypatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    facts, decoded = heard(Row("a", "a b.wav", "rock"), tmp_path, 1.0, 1e-4, 600)
    assert decoded is None
    assert facts["problem"] == (
        f"unreadable: no permission; allow it: chmod u+r '{tmp_path}/a b.wav'"
    )


def test_what_is_no_file_says_what_it_is(tmp_path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    rows = [Row(name, f"{name}.wav", "x") for name in ("folder", "gone", "link", "pipe")]
    rows.append(Row("long", "n" * 300, "x"))
    table = audit_shard(files(rows, tmp_path), tmp_path, tmp_path / "samples", 1.0, 1e-4, 600)
    assert dict(zip(table["clip"], table["problem"], strict=True)) == {
        "folder": "missing: there is a folder of this name, and no file",
        "gone": "missing: the audio folder has no such file",
        "link": "missing: it is a link to nowhere.wav, where no file is",
        "long": "missing: the audio folder has no such file",
        "pipe": "missing: there is something of this name, and no file",
    }


def test_a_file_stands_in_only_if_the_dataset_says_so(tmp_path, record) -> None:
    record(tmp_path / "a.au")
    write_sheet([Row("a", "a.wav", "x")], tmp_path / "sheet.tsv")
    facts, samples = tmp_path / "facts", tmp_path / "samples"
    for endings, status in [([], "rejected"), ([".au", ".wav"], "repaired")]:
        main(tmp_path / "sheet.tsv", tmp_path, "00", 1, 1.0, 1e-4, 600, facts, samples, endings)
        table = pd.read_parquet(facts)
        assert list(table["status"]) == [status]
    assert list(table["file"]) == ["a.au"]
    assert list(table["md5"]) == [hashlib.md5((tmp_path / "a.au").read_bytes()).hexdigest()]

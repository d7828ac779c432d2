import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.datasets.unpack import main, match, unpack

CLIPS = ("blues/blues.00000", "blues/blues.00001", "jazz/jazz.00000")


def sheet(suffix: str = ".wav") -> list[Row]:
    return [Row(Path(clip).name, f"{clip}{suffix}", clip.split("/")[0]) for clip in CLIPS]


def members(lead: str = "", suffix: str = ".wav") -> dict[str, bytes]:
    """Sounds of the clips by their paths."""
    files, rng = {}, np.random.default_rng(0)
    for clip in CLIPS:
        file, samples = io.BytesIO(), rng.integers(-(2**15), 2**15, 500, dtype=np.int16)
        soundfile.write(file, samples, 22_050, subtype="PCM_16", format=suffix[1:].upper())
        files[f"{lead}{clip}{suffix}"] = file.getvalue()
    return files


def pack(path: Path, files: dict[str, bytes]) -> Path:
    """Archive with these files, in the format of the path's file extension."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.mkdir("a folder")
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        link = tarfile.TarInfo("genres/jazz/jazz.00001.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def unpacked(archive: Path, rows: list[Row], folder: Path) -> int:
    return unpack(archive, hashlib.md5(archive.read_bytes()).hexdigest(), rows, folder)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
@pytest.mark.parametrize(
    ("lead", "suffix"), [("", ".WAV"), ("gtzan_mini-main/./Data/genres_original/", ".wav")]
)
def test_unpack_copies_the_sheets_clips_from_below_any_folder(tmp_path, name, lead, suffix):
    others = [f"{lead}{file}" for file in ("blues/blues.00002.wav", "blues/blues.00000.txt")]
    others += ["README.md", "__MACOSX/blues/._blues.00000.wav", f"{lead}rock/blues.00000.wav"]
    archive = pack(tmp_path / name, members(lead, suffix) | dict.fromkeys(others, b"no clip"))
    assert unpacked(archive, sheet(), tmp_path / "audio") == 3
    assert contents(tmp_path / "audio") == members()


@pytest.mark.parametrize(("inside", "stated"), [(".wav", ".flac"), (".au", ".wav")])
def test_unpack_rewrites_other_formats_with_the_same_samples(tmp_path, inside, stated):
    files = members("", inside) | {f"jazz/jazz.00000{inside}": b"no audio"}
    archive = pack(tmp_path / ("a.zip" if inside == ".wav" else "a.tar.gz"), files)
    unpacked(archive, sheet(stated), tmp_path / "audio")
    for clip in CLIPS[:2]:
        written = tmp_path / "audio" / f"{clip}{stated}"
        expected = soundfile.read(io.BytesIO(files[clip + inside]), dtype="int16")
        np.testing.assert_equal(soundfile.read(written, dtype="int16"), expected)
        assert soundfile.info(written).format == stated[1:].upper()
    assert (tmp_path / f"audio/jazz/jazz.00000{stated}").read_bytes() == b"no audio"
    for other in (".mp3", ".m4a"):  # These hold no 16-bit samples: copied as they are.
        unpacked(archive, sheet(other), tmp_path / other)
        copied = {f"{clip}{other}": files[clip + inside] for clip in CLIPS}
        assert contents(tmp_path / other) == copied


def test_unpack_keeps_files_that_are_there_and_adds_what_is_missing(tmp_path) -> None:
    folder = tmp_path / "audio"
    (folder / "blues").mkdir(parents=True)
    (folder / "blues/blues.00000.wav").write_bytes(b"the user's")
    archive = pack(tmp_path / "a.zip", members())
    expected = members() | {"blues/blues.00000.wav": b"the user's"}
    assert unpacked(archive, sheet(), folder) == 2
    assert contents(folder) == expected
    pack(archive, {"blues/blues.00000.wav": b""})
    assert unpacked(archive, sheet(), folder) == 0
    (folder / "jazz/jazz.00000.wav").unlink()
    del expected["jazz/jazz.00000.wav"]
    with pytest.raises(UserError, match="does not have the MD5 0"):
        unpack(archive, "0" * 32, sheet(), folder)
    with pytest.raises(UserError, match="lacks 1 of the 1 clips that"):
        unpacked(archive, sheet(), folder)
    assert contents(folder) == expected


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_unpack_writes_nothing_outside_the_folder(tmp_path, name) -> None:
    files = members() | dict.fromkeys(["../evil.wav", f"{tmp_path}/outside/evil.wav"], b"evil")
    files["../../outside/jazz/jazz.00000.wav"] = files.pop("jazz/jazz.00000.wav")
    archive = pack(tmp_path / name, files)
    for path in ("../jazz/jazz.00000.wav", f"{tmp_path}/jazz/jazz.00000.wav"):
        with pytest.raises(UserError, match=re.escape(f"{path!r} leads out of")):
            unpacked(archive, [Row("jazz.00000", path, "jazz")], tmp_path / "deep/audio")
    unpacked(archive, sheet(), tmp_path / "deep/audio")
    expected = {f"deep/audio/{path}": content for path, content in members().items()}
    assert contents(tmp_path) == expected | {name: archive.read_bytes()}


def test_unpack_looks_at_the_disk_first(tmp_path, monkeypatch) -> None:
    usage = SimpleNamespace(free=2000)
    monkeypatch.setattr("genregraph.datasets.unpack.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"its clips are 3,132 bytes, and .* has 2,000; free more"):
        unpacked(pack(tmp_path / "a.zip", members()), sheet(), tmp_path / "audio")
    assert not (tmp_path / "audio").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_archive_that_breaks_off_or_needs_a_password_is_rejected(tmp_path, name) -> None:
    archive = pack(tmp_path / name, members())
    raw = archive.read_bytes()
    archive.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(UserError, match=r"fetch it anew|lacks"):
        unpacked(archive, sheet(), tmp_path / "audio")
    if name == "a.zip":
        archive.write_bytes(re.sub(b"(PK\1\2.{4})\0", b"\\1\1", raw, flags=re.DOTALL))
        with pytest.raises(UserError, match=r"a.zip: .* password required .*; fetch it anew, or"):
            unpacked(archive, sheet(), tmp_path / "audio")


def test_match_prefers_the_whole_path_and_the_sheets_extension() -> None:
    paths = ["disc1/rock/a.wav", "disc2/rock/a.wav", "disc2/rock/a.mp3"]
    rows = [Row(f"clip{i}", path, "rock") for i, path in enumerate(paths)]
    found = match(rows, [f"music/{path}" for path in paths])
    assert found == {row: f"music/{row.path}" for row in rows}
    with pytest.raises(UserError, match=r"would be one clip, clip0: 'x/disc1/rock/a.wav', 'y/d"):
        match(rows, ["x/disc1/rock/a.wav", "y/disc1/rock/a.wav"])


@pytest.mark.parametrize("name", ["md5", "sha1"])
def test_main_writes_list_and_names_other_copies(tmp_path, name) -> None:
    archive = pack(tmp_path / "a.tar.gz", members("genres/", ".au"))
    write_sheet(sheet(), tmp_path / "sheet.tsv")
    right = hashlib.new(name, archive.read_bytes()).hexdigest()
    paths = tmp_path / "sheet.tsv", tmp_path / "audio", tmp_path / "list.tsv"
    with pytest.raises(UserError, match=r"remove it .* Kaggle .*jazz\.00054 .*audio=FOLDER"):
        main(archive, "0" * len(right), *paths)
    assert not (tmp_path / "audio").exists()
    main(archive, right, *paths)
    assert paths[2].read_text() == "".join(f"{row.path}\t1044\n" for row in sheet())


@pytest.mark.parametrize("dataset", ["demo", "gtzan"])
def test_no_rule_has_audio_among_its_outputs(tmp_path, dataset) -> None:
    snakefile = Path(__file__).parents[2] / "Snakefile"
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--summary"]
    command += ["--config", f"dataset={dataset}"]
    summary = subprocess.check_output(command, cwd=tmp_path, text=True)
    outputs = {Path(line.split("\t")[0]) for line in summary.splitlines()[1:]}
    elsewhere = {path for path in outputs if path.parts[0] != "results"}
    assert len(outputs) > 100 and elsewhere
    assert all(path.name.startswith(".") or path.parent.name == "archives" for path in elsewhere)

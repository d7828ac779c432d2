import hashlib
import io
import re
import stat
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


def sound(index: int, suffix: str) -> bytes:
    samples = np.random.default_rng(index).integers(-(2**15), 2**15, 500, dtype=np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, 22_050, subtype="PCM_16", format=suffix[1:].upper())
    return file.getvalue()


def members(lead: str = "", suffix: str = ".wav") -> dict[str, bytes]:
    sounds = enumerate(CLIPS)
    return {f"{lead}{clip}{suffix}": sound(i, suffix.lower()) for i, clip in sounds}


def pack(path: Path, files: dict[str, bytes]) -> Path:
    """Archive with these files, in the format of the path's ending."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.mkdir("a folder")
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        folder = tarfile.TarInfo("a folder")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz", "a.tar"])
@pytest.mark.parametrize("lead", ["", "genres/", "gtzan_mini-main/./Data/genres_original/"])
def test_clips_are_copied_byte_for_byte_from_below_any_folder(tmp_path, name, lead) -> None:
    archive = pack(tmp_path / name, {"README.md": b"hello", **members(lead)})
    unpack(archive, sheet(), tmp_path / "audio")
    assert contents(tmp_path / "audio") == members()


def test_files_that_the_sheet_does_not_name_stay_packed(tmp_path) -> None:
    extra = {
        "genres/blues/blues.00002.wav": b"no clip of the sheet",
        "__MACOSX/genres/blues/._blues.00000.wav": b"what a Mac adds",
        "genres/blues/blues.00000.txt": b"a text beside a clip",
        "genres/rock/blues.00000.wav": b"another genre",
    }
    archive = pack(tmp_path / "a.zip", members("genres/") | extra)
    unpack(archive, sheet(), tmp_path / "audio")
    assert contents(tmp_path / "audio") == members()


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize(("inside", "stated"), [(".au", ".wav"), (".wav", ".flac")])
def test_another_format_is_rewritten_with_the_same_samples(tmp_path, name, inside, stated) -> None:
    archive = pack(tmp_path / name, members("genres/", inside))
    unpack(archive, sheet(stated), tmp_path / "audio")
    for clip in CLIPS:
        written = tmp_path / "audio" / f"{clip}{stated}"
        expected, _ = soundfile.read(io.BytesIO(members("", inside)[clip + inside]), dtype="int16")
        samples, rate = soundfile.read(written, dtype="int16")
        assert soundfile.info(written).format == stated[1:].upper()
        assert rate == 22_050
        np.testing.assert_array_equal(samples, expected)


def test_an_ending_in_capitals_is_no_other_format(tmp_path) -> None:
    fine = io.BytesIO()
    soundfile.write(fine, np.linspace(-1, 1, 500), 22_050, subtype="PCM_24", format="WAV")
    archive = pack(tmp_path / "a.zip", {f"{clip}.WAV": fine.getvalue() for clip in CLIPS})
    unpack(archive, sheet(), tmp_path / "audio")
    assert contents(tmp_path / "audio") == {f"{clip}.wav": fine.getvalue() for clip in CLIPS}


def test_a_broken_clip_is_left_to_the_audit(tmp_path) -> None:
    files = members("", ".au") | {"jazz/jazz.00000.au": b"no audio"}
    unpack(pack(tmp_path / "a.tar.gz", files), sheet(), tmp_path / "audio")
    assert (tmp_path / "audio/jazz/jazz.00000.wav").read_bytes() == b"no audio"
    assert set(contents(tmp_path / "audio")) == set(members())


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_no_file_is_written_outside_the_folder(tmp_path, name) -> None:
    outside = tmp_path / "outside"
    hostile = {
        "../evil.wav": b"evil",
        "../../outside/blues/evil.wav": b"evil",
        f"{outside}/evil.wav": b"evil",
        "../../outside/jazz/jazz.00000.wav": sound(2, ".wav"),  # A clip of the sheet.
    }
    files = {name: c for name, c in members().items() if not name.startswith("jazz")} | hostile
    archive = pack(tmp_path / name, files)
    unpack(archive, sheet(), tmp_path / "deep" / "audio")
    expected = {f"deep/audio/{path}": content for path, content in members().items()}
    assert contents(tmp_path) == expected | {name: archive.read_bytes()}


@pytest.mark.parametrize("path", ["../jazz/jazz.00000.wav", "{}/jazz/jazz.00000.wav"])
def test_nor_where_a_sheet_leads_out_of_it(tmp_path, path) -> None:
    outside = path.format(tmp_path)
    rows = [*sheet()[:2], Row("jazz.00000", outside, "jazz")]
    with pytest.raises(UserError, match=re.escape(f"{outside!r} leads out of the audio's folder")):
        unpack(pack(tmp_path / "a.zip", members()), rows, tmp_path / "deep/audio")
    assert list(contents(tmp_path)) == ["a.zip"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.zip", kind) for kind in ("link", "device", "pipe")),
        *(("a.tgz", kind) for kind in ("link", "hard link", "device", "pipe")),
    ],
)
def test_links_and_devices_in_an_archive_are_no_clips(tmp_path, name, kind) -> None:
    archive, clip = tmp_path / name, "jazz/jazz.00000.wav"
    others = {name: content for name, content in members().items() if name != clip}
    if name == "a.zip":
        pack(archive, others)
        info = zipfile.ZipInfo(clip)
        mode = {"link": stat.S_IFLNK, "device": stat.S_IFCHR, "pipe": stat.S_IFIFO}[kind]
        info.external_attr = (mode | 0o666) << 16
        with zipfile.ZipFile(archive, "a") as zipped:
            zipped.writestr(info, "/etc/passwd")
    else:
        with tarfile.open(archive, "w:gz") as tar:
            for other, content in others.items():
                member = tarfile.TarInfo(other)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            odd = tarfile.TarInfo(clip)
            kinds = {"link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE}
            odd.type = {**kinds, "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}[kind]
            odd.linkname = "/etc/passwd"
            tar.addfile(odd)
    with pytest.raises(UserError, match=r"lacks 1 of the sheet's 3 clips \(jazz.00000"):
        unpack(archive, sheet(), tmp_path / "audio")
    assert not (tmp_path / "audio").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_a_bomb_is_told_by_what_it_states(tmp_path, name) -> None:
    archive = tmp_path / name
    zeros = members() | {"jazz/jazz.00000.wav": bytes(10**7)}
    if name == "a.zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for clip, content in zeros.items():
                zipped.writestr(clip, content)
    else:
        pack(archive, zeros)
    with pytest.raises(UserError, match=r"its clips would be 10,00\d,\d+ bytes, \d+ times what"):
        unpack(archive, sheet(), tmp_path / "audio")
    assert not (tmp_path / "audio").exists()


def test_a_zip_that_states_less_than_it_holds_is_refused_where_that_ends(tmp_path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for clip, content in (members() | {"jazz/jazz.00000.wav": bytes(10**7)}).items():
            zipped.writestr(clip, content)
    size = (10**7).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, (2000).to_bytes(4, "little")))
    with pytest.raises(
        UserError, match=r"Bad CRC-32 for file 'jazz/jazz.00000.wav'; fetch it anew"
    ):
        unpack(archive, sheet(), tmp_path / "audio")
    assert sum(map(len, contents(tmp_path / "audio").values())) < 10_000


def test_clips_for_which_there_is_no_room_are_not_begun(tmp_path, monkeypatch) -> None:
    usage = SimpleNamespace(free=2000)
    monkeypatch.setattr("genregraph.datasets.unpack.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"its clips are 3,132 bytes, and 2,000 are free at"):
        unpack(pack(tmp_path / "a.zip", members()), sheet(), tmp_path / "audio")
    assert not (tmp_path / "audio").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_an_archive_that_breaks_off_is_told_in_a_line(tmp_path, name, share) -> None:
    archive = pack(tmp_path / name, members())
    archive.write_bytes(archive.read_bytes()[: int(share * archive.stat().st_size)])
    with pytest.raises(UserError, match=r"fetch it anew|lacks"):
        unpack(archive, sheet(), tmp_path / "audio")


def test_an_archive_that_needs_a_password_is_told(tmp_path) -> None:
    archive = pack(tmp_path / "a.zip", members())
    raw = bytearray(archive.read_bytes())
    entry = raw.rindex(b"PK\1\2")
    raw[entry + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(UserError, match=r"a.zip: it needs a password; fetch it anew, or unpack it"):
        unpack(archive, sheet(), tmp_path / "audio")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_of_two_files_of_one_name_the_last_counts(tmp_path, name) -> None:
    archive = pack(tmp_path / name, members() | {"jazz/jazz.00000.wav": b"first"})
    with zipfile.ZipFile(archive, "a") if name == "a.zip" else tarfile.open(archive, "a") as packed:
        last = tmp_path / "last"
        last.write_bytes(b"last")
        add = packed.write if name == "a.zip" else packed.add
        add(last, "jazz/jazz.00000.wav")
    unpack(archive, sheet(), tmp_path / "audio")
    assert (tmp_path / "audio/jazz/jazz.00000.wav").read_bytes() == b"last"


def test_two_files_that_would_be_one_clip_are_named() -> None:
    names = [*members("a/"), "b/jazz/jazz.00000.au"]
    said = "would be clip jazz.00000: 'a/jazz/jazz.00000.wav' and 'b/jazz/jazz.00000.au'"
    with pytest.raises(UserError, match=said):
        match(sheet(), names)


def test_clips_that_the_archive_lacks_are_named(tmp_path) -> None:
    archive = pack(tmp_path / "a.zip", {"genres/jazz/jazz.00000.wav": b""})
    with pytest.raises(UserError, match=r"lacks 2 of the sheet's 3 clips \(blues.00000, blues.00"):
        unpack(archive, sheet(), tmp_path / "audio")
    assert not (tmp_path / "audio").exists()


def test_clips_whose_paths_end_alike_are_told_apart_by_what_is_above_and_by_the_ending() -> None:
    paths = ["disc1/rock/a.wav", "disc2/rock/a.wav", "disc2/rock/a.mp3"]
    rows = [Row(f"clip{i}", path, "rock") for i, path in enumerate(paths)]
    found = match(rows, [f"music/{path}" for path in reversed(paths)])
    assert found == {f"music/{row.path}": row for row in rows}
    with pytest.raises(
        UserError, match=r"'1/rock/a\.wav' in the archive could be clip clip0 or cl"
    ):
        match(rows[:2], ["1/rock/a.wav", "2/rock/a.wav"])


@pytest.mark.parametrize(("name", "kind"), [("md5", "MD5"), ("sha1", "SHA-1")])
def test_the_archives_checksum_is_asked_first(tmp_path, name, kind) -> None:
    archive = pack(tmp_path / "a.tar.gz", members("genres/", ".au"))
    write_sheet(sheet(), tmp_path / "sheet.tsv")
    right = hashlib.new(name, archive.read_bytes()).hexdigest()
    wrong = "0" * len(right)
    with pytest.raises(UserError, match=f"does not have the {kind} {wrong}; remove it"):
        main(archive, wrong, tmp_path / "sheet.tsv", tmp_path / "audio")
    assert not (tmp_path / "audio").exists()
    main(archive, right, tmp_path / "sheet.tsv", tmp_path / "audio")
    assert set(contents(tmp_path / "audio")) == set(members())

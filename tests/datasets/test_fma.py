import shlex
import zipfile
from pathlib import Path

import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.fma import Subset, main, read_tracks, rows_of
from genregraph.datasets.sheet import Row, read_sheet

# As in the published table: two lines of names, then one that names the index alone.
TRACKS = """\
,artist,artist,set,set,track,track
,id,name,split,subset,genre_top,title
track_id,,,,,,
2,1,AWOL,training,small,Hip-Hop,Food
5,1,AWOL,test,medium,Hip-Hop,"This World, twice"
20,4,Nicky Cook,training,large,,Spiritual Level
140,54,Alec K. Redfearn,validation,small,Folk,"Queen	Of
The Wires"
1486,7,Somebody,training,medium,Rock,Silence
98565,8,Else,training,large,Rock,None
"""


@pytest.fixture
def tracks(tmp_path) -> Path:
    path = tmp_path / "tracks.csv"
    path.write_text(TRACKS, encoding="utf-8")
    return path


def test_subset_holds_smaller_ones_and_the_tables_values_with_reasons_to_exclude(
    tracks, caplog
) -> None:
    table = read_tracks(tracks)
    clips = {subset: [row.clip for row in rows_of(table, subset)] for subset in Subset}
    assert clips["small"] == ["000002", "000140"]
    assert clips["medium"] == ["000002", "000005", "000140", "001486"]
    assert clips["large"] == clips["full"] == [*clips["medium"], "098565"]
    assert caplog.messages == ["left out: 1 tracks of no single genre"] * 2
    rows = {row.clip: row for row in rows_of(table, Subset.large)}
    facts = {"split": "test", "title": "This World, twice", "artist": "AWOL"}
    assert rows["000005"] == Row("000005", "000/000005.mp3", "Hip-Hop", **facts)
    assert (rows["000002"].split, rows["000140"].split) == ("train", "valid")
    assert rows["000140"].title == "Queen Of The Wires"
    assert (rows["001486"].excluded, rows["098565"].excluded) == ("no sound", "shorter than 30 s")
    assert not any(row.excluded for row in rows_of(table, Subset.full))


@pytest.mark.parametrize("output", [None, Path("mine/sheet.tsv")])
def test_main_writes_sheet_and_prints_command(tracks, monkeypatch, capsys, output) -> None:
    monkeypatch.chdir(tracks.parent)
    with zipfile.ZipFile("metadata.zip", "w") as archive:
        archive.writestr("fma_metadata/raw_tracks.csv", "track_id,album_id\n2,1\n")
        archive.write(tracks, "fma_metadata/tracks.csv")
    main(Subset.small, output, Path("metadata.zip"))
    written = read_sheet(output or Path("config/datasets/fma-small.tsv"))
    assert [row.clip for row in written] == ["000002", "000140"]
    words = shlex.split(capsys.readouterr().out)
    assert words[-1] == (f"sheet={output}" if output else "dataset=fma-small")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", TRACKS.replace("genre_top", "genre")])
@pytest.mark.parametrize("name", ["", "000/000002.mp3", "fma_metadata/tracks.csv"])
def test_other_table_or_archive_is_rejected(tmp_path, text, name) -> None:
    path = tmp_path / "metadata"
    path.write_text(text)
    if name:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, text)
    with pytest.raises(UserError, match=r"no tracks\.csv of FMA \(.*; it comes in https://"):
        read_tracks(path)

import pandas as pd
import pytest

from genregraph.audio.audit import COLUMNS as AUDITED
from genregraph.audio.clips import COLUMNS, main
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.datasets.spreadsheet import PROBLEM_COLUMNS

SEGMENT = 66_150
HOSTILE = "a b'; touch x; $(id),\"\n"
CLIPS = [
    ("song", 3 * SEGMENT, "ok", ""),
    ("stereo", 2 * SEGMENT + 1, "repaired", "damaged"),
    ("brief", SEGMENT, "ok", ""),
    ("broken", 0, "rejected", "empty: the file has no bytes"),
    (HOSTILE, SEGMENT, "repaired", "damaged"),
]
FACTS = pd.DataFrame(CLIPS, columns=["clip", "samples", "status", "problem"])
FACTS["path"] = FACTS["file"] = "rock/" + FACTS["clip"] + ".wav"
FACTS[["what_was_done", "md5"]] = "done", ""
# Not in the order of the audit, and with a clip that it does not have.
ROWS = [
    Row("other", "rock/other.wav", "rock"),
    Row(HOSTILE, "rock/odd.wav", "rock"),
    Row("broken", "rock/broken.wav", "rock"),
    Row("brief", "rock/brief.wav", "rock", artist="Y"),
    Row("stereo", "rock/stereo.wav", "rock", artist="X", group="G"),
    Row("song", "rock/song.wav", "jazz", "G", "", "train", "replica", "a title", "X"),
]


@pytest.fixture
def step(tmp_path):
    def run(facts, cut):
        sheet, first, others, clips, problems = (tmp_path / name for name in "01234")
        write_sheet(ROWS, sheet)
        facts[:1].to_parquet(first)
        facts[1:].to_parquet(others)
        main([first, others], sheet, cut, clips, problems)
        return pd.read_parquet(clips), pd.read_csv(problems)

    return run


def test_complete_clips_are_listed_as_they_were_audited_and_as_the_sheet_says(step) -> None:
    table, problems = step(FACTS, "30s")
    assert list(table.columns) == COLUMNS
    assert list(table["clip"]) == [HOSTILE, "brief", "broken", "song", "stereo"]
    assert table["source"].equals(table["clip"]) and set(table["start"]) == {0}
    audited = [name for name in AUDITED if name in COLUMNS]
    assert table[audited].equals(FACTS.sort_values("clip", ignore_index=True)[audited])
    stated = table.set_index("clip").drop(HOSTILE)
    stated = stated[["group", "genre", "sheet_group", "artist", "split", "excluded"]]
    assert stated.T.to_dict("list") == {
        "song": ["G", "jazz", "G", "X", "train", "replica"],
        "stereo": ["G", "rock", "G", "X", "", ""],
        "brief": ["Y", "rock", "", "Y", "", ""],
        "broken": ["broken", "rock", "", "", "", ""],
    }
    assert list(problems.columns) == PROBLEM_COLUMNS
    assert list(problems["clip"]) == [HOSTILE, "broken", "stereo"]
    assert list(problems["path"]) == [f"rock/{clip}.wav" for clip in problems["clip"]]
    assert step(FACTS[:1], "30s")[1].empty


def test_segments_name_their_song_and_its_repair_and_short_clips_are_rejected(step) -> None:
    table, problems = step(FACTS, "3s")
    table = table.set_index("clip")
    of_song = table.loc[["song.0", "song.1"], ["source", "group", "genre", "start", "samples"]]
    names = ["song", "song", "jazz"]
    assert of_song.to_numpy().tolist() == [[*names, start, SEGMENT - 1] for start in (0, SEGMENT)]
    assert set(table.loc[["stereo.0", "stereo.1"], "status"]) == {"repaired"}
    reason = "too short to be cut into pieces of 3s"
    assert table.loc["brief", ["status", "problem"]].tolist() == ["rejected", reason]
    # A song with two segments is listed once.
    assert list(problems["clip"]) == [HOSTILE, "brief", "broken", "stereo"]

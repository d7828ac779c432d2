import pandas as pd
import pytest

from genregraph.audio.audit import COLUMNS as AUDITED
from genregraph.audio.clips import COLUMNS, list_pieces, main
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
FACTS = pd.DataFrame(
    [
        (clip, f"rock/{clip}.wav", f"rock/{clip}.wav", samples, status, why, "done" * bool(why), "")
        for clip, samples, status, why in CLIPS
    ],
    columns=AUDITED,
)
# Not in the order of the audit, and with a clip that it does not have.
ROWS = [
    Row("other", "rock/other.wav", "rock"),
    Row(HOSTILE, "rock/odd.wav", "rock"),
    Row("broken", "rock/broken.wav", "rock"),
    Row("brief", "rock/brief.wav", "rock", artist="Y"),
    Row("stereo", "rock/stereo.wav", "rock", artist="X", group="G"),
    Row("song", "rock/song.wav", "jazz", "G", "", "train", "replica", "a title", "X"),
]


def test_complete_clips_are_listed_as_they_were_audited() -> None:
    table = list_pieces(FACTS, ROWS, "30s")
    assert list(table["clip"]) == [HOSTILE, "brief", "broken", "song", "stereo"]
    assert list(table["source"]) == list(table["clip"])
    assert set(table["start"]) == {0}
    facts = FACTS.sort_values("clip", ignore_index=True)
    pd.testing.assert_frame_equal(table[AUDITED], facts, check_dtype=False)
    groups = table.set_index("clip")["group"].drop(HOSTILE)
    assert groups.to_dict() == {"song": "G", "stereo": "G", "brief": "Y", "broken": "broken"}


def test_segments_name_their_song_and_its_repair_and_short_clips_are_rejected() -> None:
    table = list_pieces(FACTS, ROWS, "3s").set_index("clip")
    of_song = table.loc[["song.0", "song.1"], ["source", "group", "genre", "start", "samples"]]
    names = ["song", "song", "jazz"]
    assert of_song.to_numpy().tolist() == [[*names, start, SEGMENT - 1] for start in (0, SEGMENT)]
    assert set(table.loc[["stereo.0", "stereo.1"], "status"]) == {"repaired"}
    reason = "too short to be cut into pieces of 3s"
    assert table.loc["brief", ["status", "problem"]].tolist() == ["rejected", reason]


@pytest.mark.parametrize(
    ("cut", "odd"),
    [("30s", [HOSTILE, "broken", "stereo"]), ("3s", [HOSTILE, "brief", "broken", "stereo"])],
)
def test_facts_of_shards_and_sheet_become_clips_and_problems(tmp_path, cut, odd) -> None:
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    shards = [tmp_path / "00.parquet", tmp_path / "01.parquet"]
    FACTS.iloc[:1].to_parquet(shards[0])
    FACTS.iloc[1:].to_parquet(shards[1])
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(shards, tmp_path / "sheet.tsv", cut, clips, problems)
    table = pd.read_parquet(clips)
    expected = list_pieces(FACTS, ROWS, cut)
    pd.testing.assert_frame_equal(table, expected[COLUMNS], check_dtype=False)
    of_sheet = table.drop_duplicates("source").set_index("source").drop(HOSTILE)
    stated = of_sheet[["genre", "sheet_group", "artist", "split", "excluded"]]
    assert stated.T.to_dict("list") == {
        "song": ["jazz", "G", "X", "train", "replica"],
        "stereo": ["rock", "G", "X", "", ""],
        "brief": ["rock", "", "Y", "", ""],
        "broken": ["rock", "", "", "", ""],
    }
    written = pd.read_csv(problems)
    assert list(written.columns) == PROBLEM_COLUMNS
    assert list(written["clip"]) == odd  # A song with two segments is listed once.
    assert list(written["path"]) == [f"rock/{clip}.wav" for clip in odd]
    main(shards[:1], tmp_path / "sheet.tsv", cut, clips, problems)
    assert problems.read_text() == "clip,path,problem,what_was_done\n"

import pandas as pd
import pytest

from genregraph.audio.audit import COLUMNS as AUDITED
from genregraph.audio.clips import COLUMNS, list_pieces, list_problems, main
from genregraph.audio.problems import PROBLEM_COLUMNS
from genregraph.datasets.sheet import Row, write_sheet

SEGMENT = 66_150
SHORT = "too short to be cut into pieces of 3s"


def audited(*clips: tuple[str, int, str, str]) -> pd.DataFrame:
    rows = [
        {
            "clip": clip,
            "path": f"rock/{clip}.wav",
            "samples": samples,
            "status": status,
            "problem": problem,
            "what_was_done": "done" if problem else "",
            "md5": "0" * 32,
        }
        for clip, samples, status, problem in clips
    ]
    return pd.DataFrame(rows, columns=AUDITED)


FACTS = audited(
    ("song", 3 * SEGMENT, "ok", ""),
    ("stereo", 2 * SEGMENT + 1, "repaired", "damaged"),
    ("brief", SEGMENT, "ok", ""),
    ("broken", 0, "rejected", "empty: the file has no bytes"),
)
# Not in the order of the audit, and with a clip that it does not have.
ROWS = [
    Row("other", "rock/other.wav", "rock"),
    Row("broken", "rock/broken.wav", "rock"),
    Row("brief", "rock/brief.wav", "rock", artist="Y"),
    Row("stereo", "rock/stereo.wav", "rock", artist="X", group="G"),
    Row("song", "rock/song.wav", "jazz", "G", "", "train", "replica", "a title", "X"),
]


def test_whole_clips_stand_as_they_were_audited() -> None:
    table = list_pieces(FACTS, ROWS, "30s")
    assert list(table["clip"]) == ["brief", "broken", "song", "stereo"]
    assert list(table["source"]) == list(table["clip"])
    assert set(table["start"]) == {0}
    facts = FACTS.sort_values("clip", ignore_index=True)
    pd.testing.assert_frame_equal(table[AUDITED], facts, check_dtype=False)


def test_segments_know_their_song_and_where_they_start() -> None:
    table = list_pieces(FACTS, ROWS, "3s").query("source == 'song'")
    assert list(table["clip"]) == ["song.0", "song.1"]
    assert list(table["start"]) == [0, SEGMENT]
    assert set(table["samples"]) == {SEGMENT - 1}
    assert set(table["group"]) == {"song"}
    assert set(table["genre"]) == {"jazz"}


@pytest.mark.parametrize("cut", ["30s", "3s"])
def test_every_piece_has_what_the_sheet_says_of_its_clip(cut) -> None:
    names = ["genre", "sheet_group", "artist", "split", "excluded"]
    table = list_pieces(FACTS, ROWS, cut)
    found = table.drop_duplicates("source").set_index("source")[names]
    assert found.T.to_dict("list") == {
        "song": ["jazz", "G", "X", "train", "replica"],
        "stereo": ["rock", "G", "X", "", ""],
        "brief": ["rock", "", "Y", "", ""],
        "broken": ["rock", "", "", "", ""],
    }
    assert set(table["md5"]) == {"0" * 32}


def test_the_group_is_the_sheets_or_the_artist_or_the_clip() -> None:
    groups = list_pieces(FACTS, ROWS, "30s").set_index("clip")["group"]
    assert groups.to_dict() == {"song": "G", "stereo": "G", "brief": "Y", "broken": "broken"}


def test_a_refused_clip_keeps_one_row() -> None:
    table = list_pieces(FACTS, ROWS, "3s").query("source == 'broken'")
    assert list(table["clip"]) == ["broken"]
    assert list(table["status"]) == ["rejected"]


def test_a_clip_too_short_to_be_cut_is_refused_by_this_cut_alone() -> None:
    row = list_pieces(FACTS, ROWS, "3s").set_index("clip").loc["brief"]
    assert (row["status"], row["problem"]) == ("rejected", SHORT)
    assert list_pieces(FACTS, ROWS, "30s").set_index("clip").loc["brief", "status"] == "ok"


@pytest.mark.parametrize(
    ("cut", "clips"), [("30s", ["broken", "stereo"]), ("3s", ["brief", "broken", "stereo"])]
)
def test_problems_list_each_source_once(cut, clips) -> None:
    problems = list_problems(list_pieces(FACTS, ROWS, cut))
    assert list(problems.columns) == PROBLEM_COLUMNS
    assert list(problems["clip"]) == clips
    assert list(problems["path"]) == [f"rock/{clip}.wav" for clip in clips]


def test_a_repaired_clips_segments_all_say_so() -> None:
    table = list_pieces(FACTS, ROWS, "3s").query("source == 'stereo'")
    assert list(table["status"]) == ["repaired", "repaired"]


@pytest.fixture
def sheet(tmp_path):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    return tmp_path / "sheet.tsv"


@pytest.mark.parametrize("cut", ["30s", "3s"])
def test_the_shards_facts_become_two_files(tmp_path, sheet, cut) -> None:
    FACTS.iloc[:1].to_parquet(tmp_path / "00.parquet")
    FACTS.iloc[1:].to_parquet(tmp_path / "01.parquet")
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main([tmp_path / "00.parquet", tmp_path / "01.parquet"], sheet, cut, clips, problems)
    expected = list_pieces(FACTS, ROWS, cut)
    pd.testing.assert_frame_equal(pd.read_parquet(clips), expected[COLUMNS], check_dtype=False)
    written = pd.read_csv(problems)
    assert list(written.columns) == PROBLEM_COLUMNS
    assert written.to_dict("list") == list_problems(expected).to_dict("list")


def test_without_problems_the_header_is_still_written(tmp_path, sheet) -> None:
    FACTS.iloc[:1].to_parquet(tmp_path / "00.parquet")
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main([tmp_path / "00.parquet"], sheet, "30s", clips, problems)
    assert problems.read_text() == "clip,path,problem,what_was_done\n"


def test_a_hostile_name_survives_the_list_of_problems(tmp_path) -> None:
    hostile = "a b'; touch x; $(id),\"\n"
    audited((hostile, 30_000, "repaired", "the name holds $ ;")).to_parquet(tmp_path / "00.parquet")
    sheet, clips = tmp_path / "sheet.tsv", tmp_path / "clips.parquet"
    write_sheet([Row(hostile, f"rock/{hostile}.wav", "rock")], sheet)
    main([tmp_path / "00.parquet"], sheet, "30s", clips, tmp_path / "problems.csv")
    assert list(pd.read_csv(tmp_path / "problems.csv")["clip"]) == [hostile]

import pandas as pd
import pytest

from genregraph.evaluation.outputs import NO_GRAPH, note_of, read_result, read_tables, table_lines


def test_tables_without_rows_change_no_types(tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("none", "two", "one")]
    for path, rows in zip(paths, ("", "a,1\nb,2\n", "c,3\n"), strict=True):
        path.write_text(f"name,n\n{rows}")
    assert read_tables(paths)["n"].astype(str).tolist() == ["1", "2", "3"]
    assert read_tables(paths[:1]).columns.tolist() == ["name", "n"]


@pytest.mark.parametrize("name", ["001", "64", "1e3", "null", "NA", "true"])
def test_names_are_read_as_texts(tmp_path, name):
    texts = {"dataset": [name, "b"], "model": [name, "edgeless"], "mean": [0.5, None]}
    pd.DataFrame(texts).to_csv(tmp_path / "a.csv", index=False)
    result = read_result(tmp_path / "a.csv")
    assert result["dataset"].tolist() == [name, "b"] and result["model"].iloc[0] == name
    assert result["mean"].isna().tolist() == [False, True]


def test_table_lines_align_texts_left_and_numbers_right():
    table = pd.DataFrame({"model": ["svm", "graphsage"], "test": ["0.5", None]})
    assert table_lines(table, ["model"]) == ["model     test", "svm        0.5", "graphsage    -"]


def folds(**groups):
    """Two repeats of a genre's groups, by their sizes."""
    rows = [(g, name) for g, sizes in groups.items() for name, n in sizes.items() for _ in range(n)]
    table = pd.DataFrame(rows, columns=["genre", "group"])
    return pd.concat([table.assign(repeat=repeat, fold=0) for repeat in (0, 1)])


SMALL = {f"artist {i}": 5 for i in range(13)}


@pytest.mark.parametrize(
    ("health", "note"),
    [
        ({}, ""),
        ({"degenerate": True}, NO_GRAPH),
        ({"k": 2}, "NOTE: k 5 was asked for; a clip has 2 neighbours on average"),
        ({"k": 4.6183}, "NOTE: k 5 was asked for; a clip has 4.62 neighbours on average"),
        ({"k": 1234, "k_asked": 5000}, "NOTE: k 5000"),
    ],
)
def test_note_warns_of_zero_distances_and_a_capped_k(write, health, note):
    said = note_of(write("clean", folds(rock=SMALL), {}, **health))
    assert said.startswith(note) and bool(said) == bool(note)


@pytest.mark.parametrize(("others", "more"), [((), ""), (("ska", "soul"), "; and 2 more")])
def test_note_names_three_groups_that_fill_their_genre_under_clean_only(write, others, more):
    few = {"jazz": {"a": 2, "c": 1, "d": 1}, "pop": {"b": 1}, "reggae": {"artist bob": 35, **SMALL}}
    table = folds(**few, rock=SMALL, **{name: {"a": 1} for name in others})
    named = "2 of 4 clips of jazz are of a; 1 of 1 clips of pop are of b"
    bob = "35 of 100 clips of reggae are of artist bob"
    note = f"NOTE: large groups cannot be split evenly: {named}; {bob}{more}."
    assert note_of(write("clean", table, {})) == note
    assert note_of(write("paper", table, {})) == ""

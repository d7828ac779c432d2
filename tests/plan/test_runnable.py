from dataclasses import replace

import pytest

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.model import Config, Imported
from genregraph.datasets.sheet import Row
from genregraph.features.cuts import files_by_cut
from genregraph.plan import runnable


def rows_of(**genres: int) -> list[Row]:
    names = [(genre, f"{genre}.{i}") for genre, count in genres.items() for i in range(count)]
    return [Row(name, f"{genre}/{name}.wav", genre) for genre, name in names]


FOR_30S = "table mine is imported for cut 30s alone; tables.mine.file_3s can name one for 3s"
ROWS = rows_of(blues=12, jazz=4, metal=1)


def config(**options) -> Config:
    tables = {"mine": "mine.csv", "of_3s": Imported(file_3s="b.csv")}
    return Config(experiments={"multiclass_x": Experiment(**options)}, tables=tables)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ""),
        ({"reduce": {"method": "pca"}, "select": {"n_features": 3}}, ""),
        ({"tables": ["handcrafted", "mine"]}, "table mine is imported, and nothing here computes"),
        ({"tables": ["cnn"]}, "table cnn is learnt anew inside each fold"),
        ({"reduce": {"method": "tsne"}}, "cannot be placed by t-SNE"),
        ({"graph": {"among": "artist"}}, "has no neighbour of its artist"),
        ({"graphsage": {"adjacency_as_features": True}}, "no column in the adjacency matrix"),
    ],
)
def test_an_experiment_predicts_if_it_has_a_place_for_new_clips(options, said) -> None:
    both = {"multiclass_x": Experiment(**options), "multiclass_good": Experiment()}
    settings = Config(experiments=both, tables={"mine": "mine.csv"}, predict_by="multiclass_x")
    found = runnable.why_no_prediction(settings, {})
    assert bool(found) == bool(said)
    if said:
        assert found.startswith("predict_by: multiclass_x cannot predict new clips: ")
        assert said in found and found.endswith("; these can predict: multiclass_good")


@pytest.mark.parametrize(
    ("by", "reasons", "said"),
    [
        ("multiclass_knn", {}, "no experiment 'multiclass_knn'; did you mean 'multiclass_x'?"),
        ("another", {}, "no experiment 'another'; these can predict: multiclass_x"),
        ("multiclass_x", {"multiclass_x": "y"}, "multiclass_x cannot predict new clips: y"),
    ],
)
def test_what_cannot_run_or_is_not_there_does_not_predict(by, reasons, said) -> None:
    settings = config().model_copy(update={"predict_by": by})
    assert runnable.why_no_prediction(settings, reasons) == f"predict_by: {said}"


@pytest.mark.parametrize(
    ("options", "no_audio", "reason"),
    [
        ({}, False, ""),
        ({"genres": ["blues", "polka", "dub"]}, False, "the dataset has no genre dub, polka"),
        ({"tables": ["mine"]}, True, ""),
        ({"tables": ["mine", "compare"]}, False, ""),
        ({"tables": ["mine", "compare"]}, True, "there is no audio to compute compare"),
        ({"tables": ["compare", "mine"], "cut": "3s"}, False, FOR_30S),
        ({"tables": ["of_3s"]}, True, "table of_3s is imported for cut 3s alone"),
        ({"tables": ["of_3s"], "cut": "3s"}, True, ""),
        ({"protocols": ["paper", "filtered"]}, False, ""),
        (
            {"protocols": ["clean", "filtered"]},
            False,
            "clean: genres of a single group cannot be evaluated: metal; "
            "filtered: the sheet has no published split of blues, jazz, metal",
        ),
    ],
)
def test_experiments_that_cannot_run_say_why(options, no_audio, reason) -> None:
    settings = config(**options)
    found = runnable.not_runnable(settings, ROWS, no_audio, files_by_cut(settings, ROWS))
    assert found.keys() == ({"multiclass_x"} if reason else set())
    assert found.get("multiclass_x", "").startswith(reason)


@pytest.mark.parametrize(
    ("artists", "cut", "runs"),
    [
        (["A", "A", "B"], "30s", True),
        (["the a", "A", ""], "30s", True),
        (["A", "B", ""], "30s", False),
        (["A", "", ""], "3s", True),  # Segments of a song are of one artist, too.
        (["", "", ""], "3s", False),
    ],
)
def test_a_graph_of_artists_needs_two_clips_of_one(artists, cut, runs) -> None:
    blues = [replace(row, artist=name) for row, name in zip(rows_of(blues=3), artists, strict=True)]
    rows = [*blues, *rows_of(jazz=9)]
    settings = config(cut=cut, graph={"among": "artist"}, protocols=["paper"])
    found = runnable.not_runnable(settings, rows, False, {})
    why = "its graph joins clips of one artist, and the sheet names no such clips"
    assert found == ({} if runs else {"multiclass_x": why})


@pytest.mark.parametrize("rows", [rows_of(blues=12), rows_of(blues=2)])
def test_one_genre_is_no_experiment(rows) -> None:
    found = runnable.not_runnable(config(protocols=["paper", "clean"]), rows, False, {})
    reason = f"{len(rows)} clips of 1 genre(s): at least 2 genres are needed"
    assert found == {"multiclass_x": f"paper: {reason}; clean: {reason}"}


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("handcraftd", "did you mean 'handcrafted'?"),
        ("myne", "did you mean 'mine'?"),
        ("zzz", "known: compare, handcrafted, musicnn, musicnn_embedding, cnn, mine, of_3s"),
    ],
)
def test_a_table_that_nothing_makes_is_named_with_its_experiment(table, hint) -> None:
    runnable.check_tables(config(tables=["handcrafted", "compare", "cnn", "mine"]))
    with pytest.raises(UserError) as error:
        runnable.check_tables(config(tables=["mine", table]))
    assert str(error.value) == (
        f"experiments.multiclass_x.tables: no table '{table}'; {hint} "
        "(--config 'tables={NAME: FILE}' imports a table)"
    )


def test_the_table_that_is_learnt_for_each_fold_cannot_be_imported() -> None:
    with pytest.raises(UserError, match=r"tables: cnn is .* another name"):
        runnable.check_tables(Config(tables={"cnn": "cnn.csv"}))


def test_protocols_that_the_sheet_does_not_allow_are_named_with_their_experiments() -> None:
    experiments = {
        "multiclass_a": Experiment(protocols=["paper", "clean", "filtered"]),
        "multiclass_b": Experiment(protocols=["paper", "clean"], cut="3s"),
        "multiclass_c": Experiment(protocols=["kfold", "clean"], genres=["blues", "jazz"]),
    }
    assert runnable.limits(Config(experiments=experiments), ROWS, {}) == [
        "multiclass_a, multiclass_b: protocol clean is left out: "
        "genres of a single group cannot be evaluated: metal",
        "multiclass_a: protocol filtered is left out: "
        "the sheet has no published split of blues, jazz, metal",
        "multiclass_c: protocol kfold has 4 folds, not 10: a genre has no more clips",
        "multiclass_c: protocol clean has 4 folds, not 5: a genre has no more groups",
    ]


@pytest.mark.parametrize("column", ["md5", "path"])
def test_a_genre_whose_clips_are_all_alike_leaves_out_clean_alone(column) -> None:
    rows = [
        replace(row, **{column: "0" * 32} if row.genre == "jazz" else {})
        for row in rows_of(blues=12, jazz=4)
    ]
    settings = config(protocols=["paper", "clean"])
    assert runnable.not_runnable(settings, rows, False, {}) == {}
    said = "clean is left out: genres of a single group cannot be evaluated: jazz"
    assert said in runnable.limits(settings, rows, {})[0]


def test_prolific_artists_are_named() -> None:
    rows = [
        replace(row, artist=f"artist {min(i % 20, 12)}") for i, row in enumerate(rows_of(blues=40))
    ]
    (line,) = runnable.prolific(rows)
    assert line.startswith(
        "artists of more than a tenth of a genre's clips: 'artist 12' (16 of 40 of blues); clean"
    )
    assert runnable.prolific(rows_of(blues=40)) == []
    assert runnable.prolific([replace(row, artist=row.clip) for row in rows_of(blues=4)]) == []

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from graph import similarity
from graph.adjacency import adjacency
from graph.plda import as_known, group_graph
from graph.similarity import balanced, joined_one_by_one, similarity_graph
from inputs.inputs import Inputs
from inputs.sample import limited
from learning import best
from learning.best import (
    BLEND,
    CANDIDATES,
    MODELS,
    MOST_FEATURES,
    Hearing,
    all_of,
    all_probabilities,
    choose,
    chosen_of,
    classifiers,
    dominant,
    graphs,
    inner_folds,
    main,
    models_of,
    normal_scores,
    prepared,
    propagate,
    training_clips,
)
from settings.errors import UserError
from settings.seeds import fold_seed

NAMES = [candidate.name for candidate in CANDIDATES]
GRAPHLESS, WITH_GRAPH = CANDIDATES[:2], CANDIDATES[2:]
WEIGHTS = np.array([[0, 1, 3, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]], dtype=float)


@pytest.fixture
def groups():
    """Nine groups of four clips, three of each genre."""
    return np.array([f"artist{i // 4}" for i in range(36)])


@pytest.fixture
def noisy(inputs):
    """Features that do not tell genres apart, so that predictions differ."""
    rng = np.random.default_rng(1)
    return replace(inputs, x=rng.normal(size=inputs.x.shape).astype(np.float32))


def other_genres_of_test_clips(inputs):
    y = inputs.y.copy()
    y[~inputs.train] = (y[~inputs.train] + 1) % 3
    return replace(inputs, y=y)


def mean_of(inputs, artists, names):
    """Mean probabilities of classifiers, before any are spread over a graph."""
    found = classifiers(prepared(inputs), artists)
    return np.mean([found[name] for name in names], axis=0)


# Candidates


def test_there_are_few_candidates_of_distinct_names_from_plain_to_elaborate():
    assert len(set(NAMES)) == len(CANDIDATES) <= 6
    assert all(candidate.share == 0 for candidate in GRAPHLESS)
    assert all(candidate.share > 0 and candidate.graph != "none" for candidate in WITH_GRAPH)
    used = {name for candidate in CANDIDATES for name in candidate.classifiers}
    assert used == {"logistic", *BLEND, "discriminants"}


def test_what_is_told_is_all_that_tells_the_two_models_apart():
    for plain, told in zip(*MODELS.values(), strict=True):
        same = plain._replace(name=told.name, graph=told.graph)
        assert same == told
        of_artists = ("artists", "known_artists")
        assert (plain.graph, told.graph) == of_artists or plain == told
    assert len(all_of(MODELS)) == len({candidate.name for candidate in all_of(MODELS)}) == 9


# Features


def test_normal_scores_are_quantiles_among_training_clips():
    """Of 5 clips: ranks 0, 1/4, 1/2, 3/4, 1, the ends clipped to 3."""
    x = np.array([[0.0], [1], [10], [100], [1000], [1], [5.5], [-7]])
    train = np.arange(8) < 5
    raw = np.array([-3, stats.norm.ppf(0.25), 0, stats.norm.ppf(0.75), 3])
    found = normal_scores(x, train)
    assert_allclose(found[:5, 0], raw / raw.std(), atol=1e-6)
    assert_allclose(
        found[5:, 0], [raw[1] / raw.std(), stats.norm.ppf(0.375) / raw.std(), found[0, 0]]
    )


def test_normal_scores_of_training_clips_do_not_depend_on_test_clips(noisy):
    other = noisy.x.copy()
    other[~noisy.train] *= 50
    first, second = (normal_scores(x, noisy.train) for x in (noisy.x, other))
    assert_array_equal(first[noisy.train], second[noisy.train])
    assert_allclose(first[noisy.train].mean(axis=0), 0, atol=1e-9)
    assert_allclose(first[noisy.train].std(axis=0), 1)


def test_a_feature_that_is_constant_in_training_becomes_0():
    x = np.array([[2.0], [2], [2], [9]])
    assert_array_equal(normal_scores(x, np.array([True, True, True, False])), np.zeros((4, 1)))


def test_few_features_are_normal_scores_and_many_their_principal_components(noisy):
    few = prepared(noisy)
    assert_array_equal(few.x, normal_scores(noisy.x, noisy.train).astype(np.float32))
    wide = np.random.default_rng(0).normal(size=(36, 50)).astype(np.float32)
    many = prepared(replace(noisy, x=wide))
    assert many.x.shape == (36, 23)  # One less than the training clips, and than MOST_FEATURES.
    assert MOST_FEATURES > 57
    assert_allclose(many.x[noisy.train].mean(axis=0), 0, atol=1e-6)
    scores = normal_scores(wide, noisy.train)[noisy.train]
    deviations = np.linalg.svd(scores, compute_uv=False)[:23]  # Those of its components.
    found = many.x[noisy.train].std(axis=0)
    assert_allclose(found / found[0], deviations / deviations[0], atol=1e-5)


def test_what_is_near_does_not_grow_with_the_number_of_features(noisy):
    """All is seen on the scale of 57 standardised features, of which none are reduced."""
    for width in (57, 199, 201, 1000):
        x = np.random.default_rng(0).normal(size=(600, 30)) @ np.random.default_rng(1).normal(
            size=(30, width)
        )
        train = np.arange(600) < 500
        seen = prepared(replace(noisy, x=x.astype(np.float32), train=train)).x[train]
        assert seen.var(axis=0).sum() == pytest.approx(min(width, MOST_FEATURES), rel=1e-4)


def test_features_that_never_change_are_reduced_to_none(noisy):
    constant = replace(noisy, x=np.ones((36, 50), dtype=np.float32))
    assert_array_equal(prepared(constant).x, 0)


# Classifiers


def test_each_classifier_gives_probabilities_and_learns(inputs, groups):
    found = classifiers(prepared(inputs), groups)
    assert tuple(found) == ("logistic", *BLEND, "discriminants")
    for name, probabilities in found.items():
        assert_allclose(probabilities.sum(axis=1), 1)
        assert (probabilities.argmax(axis=1) == inputs.y).mean() > 0.95, name


def test_the_seed_grows_trees_and_draws_from_whom_svm_and_forest_learn(noisy, groups, monkeypatch):
    monkeypatch.setattr(best, "limited", lambda inputs, seed: limited(inputs, seed, most=9))
    one, other = (classifiers(prepared(noisy), groups, seed) for seed in (0, 1))
    same = {name: np.array_equal(one[name], other[name]) for name in one}
    alike = {"logistic": True, "hierarchical": True, "discriminants": True}
    assert same == {"svm": False, "forest": False, **alike}


# Graphs


@pytest.fixture
def seen(noisy):
    return prepared(noisy)


def test_the_graphs_are_of_similar_clips_and_of_probable_artists(seen, groups):
    x = seen.x.astype(np.float64)
    found = graphs(seen, groups)
    similar = balanced(similarity_graph(x, "euclidean", 20))
    artists = balanced(group_graph(x, seen.train, groups))
    assert_allclose(found["similar"].toarray(), similar.toarray())
    assert_allclose(found["artists"].toarray(), artists.toarray())
    assert list(found) == ["similar", "artists"]
    assert all(np.linalg.eigvalsh(graph.toarray()).max() <= 1 + 1e-9 for graph in found.values())


def test_no_clip_hears_a_test_clip_that_joins_by_itself(seen, groups):
    x = seen.x.astype(np.float64)
    found = graphs(seen, groups, Hearing(one_by_one=True))
    similar = joined_one_by_one(x, seen.train, "euclidean", 20)
    assert_array_equal(found["similar"].toarray(), similar.toarray())
    artists = graphs(seen, groups)["artists"].toarray() * seen.train[:, None]
    assert_array_equal(found["artists"].toarray(), artists)
    assert not any(graph[:, ~seen.train].toarray().any() for graph in found.values())
    assert found["similar"][~seen.train].nnz > 0


def test_where_artists_are_not_held_out_whole_test_clips_hear_known_ones(seen, groups):
    x = seen.x.astype(np.float64)
    found = graphs(seen, groups, Hearing(apart=False))["artists"]
    expected = balanced(group_graph(x, seen.train, groups, apart=False))
    assert_array_equal(found.toarray(), expected.toarray())
    assert found[~seen.train][:, seen.train].nnz > 0


@pytest.fixture
def named():
    """Six groups whose artists are known by name, and songs of unknown artists."""
    return np.array([f"artist {i // 4}" if i < 24 else f"song {i}" for i in range(36)])


@pytest.mark.parametrize("apart", [True, False])
def test_who_is_known_to_be_of_one_artist_is_told_to_one_graph_alone(seen, named, apart):
    """Of test clips, too; between training and test clips only where artists are in both."""
    probable = group_graph(seen.x.astype(np.float64), seen.train, named, apart=apart)
    known = as_known(probable, named, np.arange(36) < 24, seen.train if apart else None)
    found = graphs(seen, named, Hearing(apart=apart), told=True)
    assert_array_equal(found["known_artists"].toarray(), balanced(known).toarray())
    assert_array_equal(found["artists"].toarray(), balanced(probable).toarray())
    across = known[~seen.train][:, seen.train].nnz
    assert (across == 0) == apart


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_search_for_neighbours_is_told_its_limit_and_seed(
    seen, groups, one_by_one, monkeypatch
):
    told = []

    def search(x, metric, k, candidates=None, exact=0, seed=0):
        told.append((exact, seed))
        return adjacency(x, metric, k, candidates, exact, seed)

    monkeypatch.setattr(similarity, "adjacency", search)
    all_probabilities(seen, groups, hearing=Hearing(7, one_by_one, exact=1234))
    choose(seen, groups, groups, Hearing(8, one_by_one, exact=12345))
    assert told == [(1234, 7)] + 3 * [(12345, 8)]


# Propagation


def test_propagation_is_the_fixed_point_of_its_formula(inputs):
    """Z = (1 - a) (1 - a S)^(-1) Z0, each row divided by its sum."""
    few = replace(inputs, y=np.array([0, 1, 2, 0]), train=np.array([True, True, False, False]))
    probabilities = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    root = np.array([4, 1, 3, np.inf]) ** -0.5
    spread = root[:, None] * WEIGHTS * root
    begin = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    solved = np.linalg.solve(np.eye(4) - 0.5 * spread, begin)
    found = propagate(probabilities, few, sparse.csr_array(spread), 0.5)
    assert_allclose(found[2:], (solved / solved.sum(axis=1, keepdims=True))[2:], rtol=1e-6)
    assert_allclose(found[3], probabilities[3])


def test_what_is_said_of_training_clips_has_not_been_told_their_genre(noisy, groups):
    """Genres are shuffled: what is right then was put in, or learnt by heart before."""
    shuffled = replace(noisy, y=np.random.default_rng(2).permutation(noisy.y))
    found = all_probabilities(shuffled, groups)
    for candidate in WITH_GRAPH:
        train, before = shuffled.train, mean_of(shuffled, groups, candidate.classifiers)
        assert_array_equal(found[candidate.name][train], before[train])
        assert not np.array_equal(found[candidate.name][~train], before[~train])


def test_candidates_are_what_they_say(noisy, seen, groups):
    spread, found = graphs(seen, groups), all_probabilities(noisy, groups)
    assert list(found) == NAMES
    blend = mean_of(noisy, groups, ("svm", "forest", "hierarchical"))
    trees = mean_of(noisy, groups, ("forest", "hierarchical"))
    assert_array_equal(found["logistic"], mean_of(noisy, groups, ("logistic",)))
    assert_allclose(found["blend"], blend)
    assert_allclose(found["blend_similar_0.5"], propagate(blend, seen, spread["similar"], 0.5))
    assert_allclose(found["blend_artists_0.6"], propagate(blend, seen, spread["artists"], 0.6))
    assert_allclose(
        found["forest_hierarchical_artists_0.8"], propagate(trees, seen, spread["artists"], 0.8)
    )


def test_every_candidate_learns_genres_that_lie_apart(inputs, groups):
    for name, found in all_probabilities(inputs, groups).items():
        assert np.mean(found.argmax(axis=1) == inputs.y) > 0.8, name  # Artists are torn apart.
        assert_allclose(found.sum(axis=1), 1)


def test_the_genres_and_groups_of_test_clips_change_no_prediction(noisy, groups):
    expected = all_probabilities(noisy, groups)
    changed = np.where(noisy.train, groups, "someone")
    found = all_probabilities(other_genres_of_test_clips(noisy), changed)
    for name in NAMES:
        assert_array_equal(found[name], expected[name])


def test_test_clips_change_each_other_where_they_are_heard(noisy, groups):
    x = noisy.x.copy()
    x[0] += 3  # A test clip.
    before, after = (all_probabilities(each, groups) for each in (noisy, replace(noisy, x=x)))
    others = np.arange(36) > 0
    same = {name: np.array_equal(before[name][others], after[name][others]) for name in NAMES}
    assert same["logistic"] and same["blend"]
    assert not same["blend_similar_0.5"]


def test_clips_of_one_artist_vote_together():
    """Genres barely show in the features; artists show clearly, in others of them."""
    rng = np.random.default_rng(5)
    artists, size = 120, 6
    genre = np.repeat(np.arange(artists) % 3, size)
    artist = np.repeat(np.arange(artists), size)
    x = rng.normal(size=(artists * size, 9))
    x[:, :3] += 1.2 * np.eye(3)[genre]
    x[:, 3:] += 4 * rng.normal(size=(artists, 6))[artist]
    inputs = Inputs(
        x=x.astype(np.float32),
        y=genre,
        train=artist < 80,
        clips=np.arange(len(x)).astype(str),
        genres=np.array(list("abc")),
        features=np.arange(9).astype(str),
    )
    found = all_probabilities(inputs, artist.astype(str))
    right = {
        name: np.mean((each.argmax(axis=1) == genre)[~inputs.train]) for name, each in found.items()
    }
    assert right["blend_artists_0.6"] > right["blend"] + 0.1


def test_a_genre_without_training_clips_is_never_predicted(noisy, groups):
    absent = replace(noisy, train=noisy.train & (noisy.y != 1))
    for found in all_probabilities(absent, groups).values():
        assert np.isfinite(found).all()
        assert not (found.argmax(axis=1) == 1).any()


@pytest.mark.filterwarnings("error:Only one sample")
@pytest.mark.parametrize("clips", [1, 2])
def test_a_genre_of_very_few_training_clips_does_no_harm(noisy, groups, clips):
    few = noisy.train.copy()
    few[np.flatnonzero(noisy.train & (noisy.y == 2))[clips:]] = False
    for found in all_probabilities(replace(noisy, train=few), groups).values():
        assert np.isfinite(found).all()


# Choice


def test_inner_folds_hold_out_whole_groups_and_each_clip_once(inputs, groups):
    folds = inner_folds(inputs.y, groups, 0)
    assert len(folds) == 3
    assert_array_equal(np.sum(folds, axis=0), np.ones(36))
    for held_out in folds:
        assert not set(groups[held_out]) & set(groups[~held_out])
        assert np.bincount(inputs.y[held_out]).tolist() == [4, 4, 4]
    assert len(inner_folds(inputs.y, np.repeat(["a", "b"], 18), 0)) == 2


def test_a_clip_a_genre_is_enough_to_choose_by(inputs):
    few = np.zeros(36, dtype=bool)
    few[[np.flatnonzero(inputs.y == genre)[0] for genre in range(3)]] = True
    scores = choose(replace(inputs, train=few), inputs.clips, inputs.clips)
    assert scores.groupby("model")["chosen"].sum().tolist() == [1, 1]


def test_a_single_group_is_refused(inputs):
    with pytest.raises(UserError, match="all of one group"):
        choose(inputs, np.full(36, "a"), np.full(36, "a"))


def test_test_clips_take_no_part_in_the_choice(noisy, groups):
    expected = choose(noisy, groups, groups)
    x, others = noisy.x.copy(), groups.copy()
    x[~noisy.train] = 99
    others[~noisy.train] = "someone"
    changed = replace(other_genres_of_test_clips(noisy), x=x)
    pd.testing.assert_frame_equal(choose(changed, others, others), expected)


def test_the_genres_of_training_clips_do_take_part(noisy, groups):
    rng = np.random.default_rng(3)
    shuffled = replace(noisy, y=rng.permutation(noisy.y))
    found, expected = (choose(each, groups, groups) for each in (shuffled, noisy))
    assert not found["inner_accuracy"].equals(expected["inner_accuracy"])


def test_the_inner_scores_are_those_of_clips_held_out(noisy, groups):
    inner = training_clips(noisy)
    assert len(inner.y) == len(inner.x) == len(inner.clips) == 24 and inner.train.all()
    kept, right, lost = groups[noisy.train], [], []
    for held_out in inner_folds(inner.y, kept, 2):
        fold = replace(inner, train=~held_out)
        found = all_probabilities(fold, kept, hearing=Hearing(2))["blend_artists_0.6"]
        right.extend((found.argmax(axis=1) == inner.y)[held_out])
        lost.extend(((found - np.eye(3)[inner.y]) ** 2).sum(axis=1)[held_out])
    scores = choose(noisy, groups, groups, Hearing(2)).query("model == 'best'")
    scores = scores.set_index("candidate")
    assert scores.loc["blend_artists_0.6", "inner_accuracy"] == np.mean(right)
    assert scores.loc["blend_artists_0.6", "inner_brier"] == pytest.approx(np.mean(lost))


def fixed(certainties):
    """In place of learning: all right, with these probabilities of being so."""

    def stand_in(inputs, artists, candidates, hearing):
        sure = [certainties[candidate.name] for candidate in candidates]
        right = np.eye(3)[inputs.y]
        return {
            candidate.name: p * right + (1 - p) / 2 * (1 - right)
            for candidate, p in zip(candidates, sure, strict=True)
        }

    return stand_in


def test_the_first_of_the_best_is_chosen(inputs, groups, monkeypatch):
    told = [candidate.name for candidate in MODELS["best_known_artists"]]
    certainties = dict(zip(told, [0.4, 0.5, 0.75, 0.75, 0.4, 0.8], strict=True))
    certainties |= dict(zip(NAMES, [0.4, 0.5, 0.75, 0.75, 0.4, 0.6], strict=True))
    monkeypatch.setattr(best, "all_probabilities", fixed(certainties))
    scores = choose(inputs, groups, groups)
    columns = ["model", "candidate", "inner_accuracy", "inner_brier", "chosen"]
    assert scores.columns.tolist() == columns
    assert scores["candidate"].tolist() == [*NAMES, *told]
    assert (scores["inner_accuracy"] == 1).all()
    expected = [1.5 * (1 - certainties[name]) ** 2 for name in scores["candidate"]]
    assert_allclose(scores["inner_brier"], expected)
    assert {model: own.name for model, own in chosen_of(scores).items()} == {
        "best": "blend_similar_0.5",
        "best_known_artists": "blend_known_artists_0.6",
    }


# Groups and artists


@pytest.mark.parametrize(
    ("artists", "models"),
    [
        (["artist a", "artist a", "song c"], list(MODELS)),
        (["artist a", "artist b", "song c"], ["best"]),
        (["song a", "song a", "group b"], ["best"]),
        (["group b", "group b", None], ["best"]),
    ],
)
def test_who_is_told_artists_is_there_where_clips_are_known_to_be_of_one(artists, models):
    dealt = pd.DataFrame(
        {"clip": list("abc") * 2, "artist": artists * 2, "repeat": [0] * 3 + [1] * 3}
    )
    assert list(models_of(dealt)) == models
    # Who joins by itself has nobody of its artist to hear.
    assert list(models_of(dealt, Hearing(one_by_one=True))) == ["best"]


def test_an_artist_of_much_of_a_genre_is_dominant(inputs):
    """Of the 8 training clips of a genre; those of test clips do not count."""
    artists = np.arange(36).astype(str)
    artists[[1, 2, 4]] = "marley"
    artists[[13, 14, 12, 15]] = "simone"
    found = dominant(inputs, artists)
    assert found.to_numpy().tolist() == [["blues", "marley", 3 / 8], ["jazz", "simone", 2 / 8]]


# The step


def read(path):
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.fixture
def step(noisy, groups, tmp_path):
    """Run the step and return its three files."""
    folds = pd.DataFrame({"clip": noisy.clips, "group": groups, "artist": groups})
    shuffled = folds.sample(frac=1, random_state=0)

    def run(name, data=noisy, neighbours="all", apart=True, seed=0, folds=1, **columns):
        folder = tmp_path / name
        folder.mkdir()
        data.save(folder / "inputs.npz")
        known = pd.DataFrame(columns) if "clip" in columns else shuffled.assign(**columns)
        known.to_parquet(folder / "folds.parquet")
        paths = [folder / file for file in ("choice.csv", "best.csv", "best.parquet")]
        how = (neighbours, apart, 10_000, seed)
        main([folder / "inputs.npz"] * folds, folder / "folds.parquet", *how, *paths)
        return paths

    return run


@pytest.mark.parametrize(("neighbours", "apart"), [("all", True), ("all", False), ("train", True)])
def test_the_step_writes_what_the_chosen_candidate_predicts(step, noisy, groups, neighbours, apart):
    """What is held out whole inside is what the folds hold out: groups, or else clips."""
    files = step("run", neighbours=neighbours, apart=apart, seed=3, folds=3)
    written, times, table = (read(path).query("fold == 2").reset_index(drop=True) for path in files)
    hearing = Hearing(fold_seed(3, 2), neighbours == "train", apart)
    whole = groups if apart else noisy.clips
    expected = choose(noisy, whole, groups, hearing, {"best": CANDIDATES})
    pd.testing.assert_frame_equal(written.drop(columns=["fold", "test_accuracy"]), expected)
    chosen = expected["candidate"][expected["chosen"]].item()
    assert table["clip"].tolist() == noisy.clips.tolist()
    assert set(table["model"]) == {"best"}
    found = all_probabilities(noisy, groups, hearing=hearing)
    assert_array_equal(table[noisy.genres].to_numpy(), found[chosen])
    right = [np.mean((each.argmax(axis=1) == noisy.y)[~noisy.train]) for each in found.values()]
    assert_allclose(written["test_accuracy"], right)
    [[_, model, epochs, seconds]] = times.to_numpy().tolist()
    assert (model, epochs) == ("best", 0)
    assert seconds > 0


def test_the_choice_is_for_clips_held_out_as_the_folds_hold_them_out(step):
    """Artists tell genres, and nothing else does: by clips hearing them is right, by groups not."""
    rng = np.random.default_rng(5)
    artist = np.repeat(np.arange(30), 6)
    x = rng.normal(size=(180, 6)) + 3 * rng.normal(size=(30, 6))[artist]
    artists = artist.astype(str)
    data = Inputs(
        x=x.astype(np.float32),
        y=artist % 3,
        train=np.arange(180) % 6 > 0,
        clips=np.arange(180).astype(str),
        genres=np.array(list("abc")),
        features=np.arange(6).astype(str),
    )
    chosen = {}
    for apart in (False, True):
        files = step(f"{apart}", data, apart=apart, clip=data.clips, group=artists, artist=artists)
        chosen[apart] = pd.read_csv(files[0]).set_index("candidate")
    by_clips = chosen[False]["inner_accuracy"]
    assert by_clips.max() > chosen[True]["inner_accuracy"].max() + 0.2
    # The test clips, one of each artist, are dealt by clips: that is how right the inside says.
    test = chosen[False]["test_accuracy"]
    assert np.abs(by_clips - test).mean() < np.abs(chosen[True]["inner_accuracy"] - test).mean()


def test_two_folds_have_different_inner_folds(step):
    choices = pd.read_csv(step("run", folds=2)[0])
    first, second = (choices[choices["fold"] == fold].set_index("candidate") for fold in (0, 1))
    assert not first["inner_accuracy"].equals(second["inner_accuracy"])
    # What is not random, such as the deal, is the same.
    assert first.loc["logistic", "test_accuracy"] == second.loc["logistic", "test_accuracy"]


def test_the_unknown_of_a_genre_are_not_taken_for_one_artist(step, noisy):
    """All are unknown: kept together they are, but nobody is like another by artist."""
    choice, _, _ = step("run", artist=[f"song {i}" for i in range(36)])
    scores = pd.read_csv(choice).set_index("candidate")
    columns = ["inner_accuracy", "test_accuracy"]
    assert scores.loc["blend_artists_0.6", columns].equals(scores.loc["blend", columns])


def test_where_artists_are_known_a_model_that_is_told_them_stands_beside_best(
    step, noisy, groups, named
):
    """The artists of test clips are looked at for that model alone, and no genre of theirs is."""
    files = step("run", clip=noisy.clips, group=groups, artist=named)
    choice, times, table = map(read, files)
    assert choice.groupby("model")["chosen"].sum().to_dict() == {name: 1 for name in MODELS}
    assert times["model"].tolist() == table["model"].unique().tolist() == list(MODELS)
    chosen = choice[choice["chosen"]].set_index("model")["candidate"]
    found = all_probabilities(noisy, named, all_of(MODELS), Hearing(fold_seed(0, 0)))
    for model, own in table.groupby("model"):
        assert_array_equal(own[noisy.genres].to_numpy(), found[chosen[model]])
    others = np.where(noisy.train, named, "artist x")
    changed = all_probabilities(
        other_genres_of_test_clips(noisy), others, all_of(MODELS), Hearing(fold_seed(0, 0))
    )
    same = {name: np.array_equal(found[name], changed[name]) for name in found}
    assert {name for name in same if not same[name]} == {n for n in same if "known" in n}


def test_a_dominant_artist_is_told_of(step, caplog):
    step("quiet", artist=[f"song {i}" for i in range(36)])
    assert not caplog.records
    step("told")
    assert "artist1 has 38 % of the training clips of blues" in caplog.text


def test_genres_of_test_clips_change_nothing_but_what_is_true_and_right(step, noisy):
    first, second = step("first"), step("second", other_genres_of_test_clips(noisy))
    choices = [pd.read_csv(files[0]).drop(columns="test_accuracy") for files in (first, second)]
    pd.testing.assert_frame_equal(*choices)
    tables = [pd.read_parquet(files[2]) for files in (first, second)]
    pd.testing.assert_frame_equal(*(table.drop(columns="true") for table in tables))
    assert not tables[0]["true"].equals(tables[1]["true"])


def test_the_same_seed_gives_the_same_files(step):
    first, again = step("first"), step("again")
    for i in (0, 2):
        assert first[i].read_bytes() == again[i].read_bytes()

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal

from graph import plda
from learning.hierarchical import hierarchical, learnt, log_likelihoods

ARTISTS = np.array(["a", "a", "a", "b", "c", "c", "d", "d", "e", "f"])
GENRES = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])  # "c" plays both.


@pytest.fixture
def x():
    rng = np.random.default_rng(0)
    by_artist = rng.normal(size=(6, 3))[np.unique(ARTISTS, return_inverse=True)[1]]
    return rng.normal(size=(10, 3)) + by_artist + GENRES[:, None]


def shares(artists):
    return (artists[:, None] == artists).astype(float)


def test_genres_are_known_as_by_generalised_least_squares(x):
    """Clips of an artist vary together: all clips at once have the covariance 1 + between."""
    genres = learnt(x, GENRES, ARTISTS)
    axes, _, between, _ = genres.spread
    for genre in range(2):
        clips = x[genre == GENRES] @ axes
        for axis, variance in enumerate(between):
            covariance = np.eye(5) + variance * shares(ARTISTS[genre == GENRES])
            weights = np.linalg.solve(covariance, np.ones(5))
            assert genres.variances[genre, axis] == pytest.approx(1 / weights.sum())
            mean = weights @ clips[:, axis] / weights.sum()
            assert genres.means[genre, axis] == pytest.approx(mean)


def test_a_clip_is_as_likely_as_all_uncertainties_together_make_it(x):
    """Of the genre's mean, of an unheard artist, of the clip: their variances add up."""
    genres, new = learnt(x, GENRES, ARTISTS), x[:4] + 0.3
    axes, _, between, _ = genres.spread
    back = np.linalg.inv(axes)
    expected = [
        multivariate_normal(
            genres.means[genre] @ back,
            back.T @ np.diag(1 + between + genres.variances[genre]) @ back,
        ).logpdf(new)
        for genre in range(2)
    ]
    found = log_likelihoods(genres, new)
    assert_allclose(np.diff(found, axis=1)[:, 0], expected[1] - expected[0])


def test_spreads_are_those_of_clips_around_their_genres(x):
    """Genres that lie further apart are no more varied; who plays two is two."""
    apart = learnt(x + 50 * GENRES[:, None], GENRES, ARTISTS)
    near, split = learnt(x, GENRES, ARTISTS), np.array(list("aaabcghhij"))
    assert_allclose(apart.spread.between, near.spread.between)
    assert_allclose(np.abs(apart.spread.axes), np.abs(near.spread.axes))
    assert_allclose(learnt(x, GENRES, split).means, near.means)


def test_where_no_artist_has_two_clips_they_deviate_from_genres_alone(x, monkeypatch):
    """Linear discriminant analysis, whose means are uncertain by one clip in n."""
    monkeypatch.setattr(plda, "SHRINKAGE", 0.0)
    genres = learnt(x, GENRES, np.arange(10).astype(str))
    assert_allclose(genres.spread.between, 0, atol=1e-9)
    means = np.stack([x[genre == GENRES].mean(axis=0) for genre in range(2)])
    pooled = (x - means[GENRES]).T @ (x - means[GENRES]) / (10 - 2)
    found = log_likelihoods(genres, x)
    difference = [multivariate_normal(mean, pooled * 1.2).logpdf(x) for mean in means]
    assert_allclose(found[:, 1] - found[:, 0], difference[1] - difference[0])


def test_a_genre_is_no_more_like_its_prolific_artist():
    """Nine clips by one artist, far off, and three by as many others: these tell where it lies."""
    rng = np.random.default_rng(1)
    artist = np.repeat(np.arange(8), [9, 1, 1, 1, 3, 3, 3, 3])
    y = np.repeat([0, 1], 12)
    centre = np.array([8.0, 0, 0, 0, 4, 4.1, 3.9, 4])[artist]
    x = centre[:, None] + 0.3 * rng.normal(size=(24, 2))
    genres = learnt(x, y, artist.astype(str))
    mean = (genres.means @ np.linalg.inv(genres.spread.axes))[0]
    assert_allclose(mean, 2, atol=0.3)  # Of four artists at 8, 0, 0, 0; of twelve clips 6.


def test_the_artists_and_genres_of_test_clips_are_not_looked_at(inputs):
    artists = np.repeat(np.arange(12), 3).astype(str)
    expected = hierarchical(inputs, artists).probabilities
    assert_allclose(expected.sum(axis=1), 1)
    assert (expected.argmax(axis=1) == inputs.y).all()
    others = np.where(inputs.train, artists, "someone")
    y = np.where(inputs.train, inputs.y, 0)
    assert_array_equal(hierarchical(replace(inputs, y=y), others).probabilities, expected)


@pytest.mark.parametrize("clips", [1, 2])
def test_a_genre_of_no_or_few_training_clips(inputs, clips):
    """None: probability 0. All clips of one genre, or the only one: certain of it."""
    artists = np.repeat(np.arange(12), 3).astype(str)
    absent = replace(inputs, train=inputs.train & (inputs.y != 1))
    assert not hierarchical(absent, artists).probabilities[:, 1].any()
    few = inputs.train & (inputs.y == 2) & (np.arange(36) < 25 + clips)
    assert few.sum() == clips
    assert_array_equal(hierarchical(replace(inputs, train=few), artists).probabilities[:, 2], 1)


def test_the_same_clip_over_and_over_is_not_divided_by(inputs):
    same = replace(inputs, x=np.ones_like(inputs.x))
    found = hierarchical(same, np.repeat(np.arange(12), 3).astype(str)).probabilities
    assert_allclose(found, 1 / 3, rtol=1e-6)

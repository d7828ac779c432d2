import numpy as np
from numpy.testing import assert_allclose
from tests.models.conftest import noisy

from genregraph.models import estimators
from genregraph.models.estimators import Lda, Neighbours, Svm


def test_svm_learns_from_a_part_of_very_many_clips(monkeypatch):
    monkeypatch.setattr(estimators, "MOST", 30)
    inputs = noisy(300)
    drawn = Svm().fit(inputs.x, inputs.y).svc_.shape_fit_[0]
    assert drawn <= 30
    assert Svm(seed=1).fit(inputs.x, inputs.y).classes_.tolist() == [0, 1, 2]


def test_neighbours_share_one_vote_among_all_genres():
    x = np.arange(6.0)[:, None]
    model = Neighbours(3).fit(x, np.array([0, 0, 1, 1, 2, 2]))
    assert_allclose(model.predict_proba([[0.9]]), [[(2 + 1 / 3) / 4, (1 + 1 / 3) / 4, 1 / 12]])
    assert Neighbours(9).fit(x, np.array([0, 0, 1, 1, 2, 2])).predict_proba([[0]]).min() > 0.3


def test_discriminants_of_more_features_than_clips():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = rng.normal(size=(90, 400))
    x[:, :40] += np.repeat(np.eye(3), 14, axis=1)[:, :40][y]
    right = Lda().fit(x[:60], y[:60]).predict_proba(x[60:]).argmax(axis=1) == y[60:]
    assert right.mean() > 0.7
    turned = x @ np.linalg.qr(rng.normal(size=(400, 400)))[0]
    found, same = (Lda().fit(each[:60], y[:60]).predict_proba(each[60:]) for each in (x, turned))
    assert_allclose(found, same, atol=1e-6)

"""Attention is a softmax over each clip's edges, and a weighted sum of neighbours."""

import numpy as np
import pytest
import torch
from scipy import sparse

from genregraph.models.attention import Attention
from genregraph.models.messages import Backend

RNG = np.random.default_rng(0)
EVEN = sparse.csr_array(np.roll(np.eye(12), 1, axis=0) + np.eye(12) + np.roll(np.eye(12), 5, 1))
UNEVEN = sparse.csr_array(np.triu(RNG.random((12, 12)) < 0.4) + np.eye(12))


def dense(matrix, values, sent, received):
    """The same of all pairs, where there is no edge by a score of minus infinity."""
    scores = torch.nn.functional.leaky_relu(received[:, None] + sent[None], 0.2)
    there = torch.from_numpy(matrix.toarray() > 0)[:, :, None]
    shares = torch.softmax(scores.masked_fill(~there, -torch.inf), dim=1)
    return torch.einsum("ijh,jhd->ihd", shares, values), shares


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("matrix", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_sums_shares_and_gradients_are_those_of_the_dense_formula(matrix, heads):
    shapes = [(12, heads, 4), (12, heads), (12, heads)]
    found, expected = (
        [torch.from_numpy(np.random.default_rng(1).normal(size=s)).requires_grad_() for s in shapes]
        for _ in range(2)
    )
    attention = Attention(matrix, Backend())
    shares = attention.shares(*found[1:], 0.2)
    summed, (all_summed, all_shares) = attention(found[0], shares), dense(matrix, *expected)
    torch.testing.assert_close(summed, all_summed)
    for i, row in enumerate(attention.columns):
        there = torch.zeros(heads, 12, dtype=torch.double).index_add_(1, row, shares[i].detach())
        torch.testing.assert_close(there.T, all_shares[i].detach())
    for each in (summed, all_summed):
        each.pow(2).sum().backward()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_a_clip_alone_attends_to_itself_and_nothing_is_computed():
    attention = Attention(sparse.eye_array(4, format="csr"), Backend())
    assert attention.alone
    assert not Attention(UNEVEN, Backend()).alone


def test_scores_far_apart_give_no_nan():
    attention = Attention(EVEN, Backend())
    sent = torch.linspace(-1e4, 1e4, 12)[:, None]
    shares = attention.shares(sent, sent, 0.2)
    assert torch.isfinite(shares).all()
    torch.testing.assert_close(shares.sum(dim=-1), torch.ones(12, 1))

import pytest
import torch

from genregraph.common import device
from genregraph.common.device import reproducibly, usable_device
from genregraph.common.errors import UserError


@pytest.mark.parametrize("there", ["cuda", "mps", None])
def test_a_card_is_used_where_there_is_one_and_no_other(monkeypatch, there):
    cards = {card: lambda card=card: card == there for card in device.CARDS}
    monkeypatch.setattr(device, "CARDS", cards)
    assert usable_device("auto") == (there or "cpu")
    assert usable_device("cpu") == "cpu"
    assert usable_device(there or "cpu") == (there or "cpu")
    for asked in {*cards} - {there}:
        with pytest.raises(UserError, match=f"device: {asked}: PyTorch sees no such card; use dev"):
            usable_device(asked)


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for seed in (1, 1, 2):
        with reproducibly(seed):
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("strict", [True, False])
def test_one_thread_is_used_and_pytorch_left_as_it_was(strict):
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        torch.set_num_threads(2)
        torch.use_deterministic_algorithms(strict)
        state = torch.get_rng_state()
        with pytest.raises(KeyError), reproducibly(0):
            torch.rand(3)
            assert torch.get_num_threads() == 1
            assert torch.are_deterministic_algorithms_enabled() or not torch.cuda.is_available()
            raise KeyError
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
        assert torch.are_deterministic_algorithms_enabled() == strict
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(before)

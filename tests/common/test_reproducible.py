import pytest
import torch

from genregraph.common.reproducible import reproducibly


@pytest.fixture(params=[True, False])
def strict(request):
    """PyTorch on two threads, with deterministic kernels or not; put back in the end."""
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(request.param)
    yield request.param
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(before)


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for seed in (1, 1, 2):
        with reproducibly(seed):
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_one_thread_is_used_and_pytorch_left_as_it_was(strict):
    state = torch.get_rng_state()
    with pytest.raises(KeyError), reproducibly(0):
        torch.rand(3)
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled() or not torch.cuda.is_available()
        raise KeyError
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.are_deterministic_algorithms_enabled() == strict

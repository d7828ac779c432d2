import pytest
import torch

from genregraph.common.reproducible import reproducibly


@pytest.fixture
def as_found():
    """PyTorch's settings, put back in the end."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for seed in (1, 1, 2):
        with reproducibly(seed):
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_within_it_one_thread_and_deterministic_kernels_are_used():
    with reproducibly(0):
        assert torch.get_num_threads() == 1
        if torch.cuda.is_available():
            assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_pytorch_is_left_as_it_was(as_found, strict, fails):
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(strict)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    try:
        with reproducibly(0):
            torch.rand(3)
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.are_deterministic_algorithms_enabled() == strict

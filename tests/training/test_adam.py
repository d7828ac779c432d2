import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training.adam import Adam

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"


def train(make):
    """A few steps of a small network; its parameters."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    unused = torch.nn.Parameter(torch.ones(3))  # Without a gradient it stays as it is.
    optimiser = make([*model.parameters(), unused])
    for _ in range(20):
        loss = model(torch.randn(7, 4)).square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return [parameter.detach() for parameter in [*model.parameters(), unused]]


@pytest.mark.parametrize(
    ("theirs", "decay"),
    [
        (lambda p: torch.optim.Adam(p, lr=0.01, fused=True), 0.0),
        (lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, fused=True), 0.1),
    ],
)
def test_it_gives_the_bits_of_pytorchs_own(theirs, decay):
    expected, found = train(theirs), train(lambda p: Adam(p, 0.01, weight_decay=decay))
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)


def test_it_does_not_import_the_compiler():
    """What it is for."""
    program = (
        "import sys, torch; from training.adam import Adam; x = torch.ones(2, requires_grad=True); "
        "adam = Adam([x], 0.1); x.sum().backward(); adam.step(); print(x.tolist()); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=SCRIPTS, check=True)

"""The optimiser of all networks."""

import torch
from torch import nn

from genregraph.config.experiment import Network
from genregraph.models.training import AdamW


def test_the_optimiser_is_pytorchs() -> None:
    """Bit for bit; what no loss depends on stays."""
    x, y = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    learnt = []
    for ours in (True, False):
        torch.manual_seed(1)
        model, unused = nn.Linear(5, 3), nn.Parameter(torch.ones(2))
        parameters = [*model.parameters(), unused]
        settings = Network(learning_rate=0.1, weight_decay=0.5)
        own = AdamW(parameters, settings)
        theirs = torch.optim.AdamW(parameters, 0.1, weight_decay=0.5, fused=True)
        for _ in range(20):
            loss = nn.functional.cross_entropy(model(x), y)
            if ours:
                own.step(loss)
            else:
                theirs.zero_grad()
                loss.backward()
                theirs.step()
        learnt.append([each.detach() for each in parameters])
    assert all(torch.equal(*both) for both in zip(*learnt, strict=True))

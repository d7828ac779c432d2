"""Adam, without the second that its class takes to import PyTorch's compiler.

References
----------
.. [1] D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
.. [2] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """`torch.optim.Adam` [1]_, or `AdamW` [2]_, by its functional form: the same bits.

    A fold's training often takes less time than the import that `torch.optim.Adam` begins with.

    Parameters
    ----------
    parameters : iterable of Tensor
    learning_rate : float
    weight_decay : float
        Share of the learning rate by which each step shrinks the parameters; 0 is plain Adam.
    """

    def __init__(
        self, parameters: Iterable[Tensor], learning_rate: float, weight_decay: float = 0.0
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.means, self.squares = (
            [torch.zeros_like(parameter) for parameter in self.parameters] for _ in range(2)
        )
        self.steps = [
            torch.zeros((), dtype=torch.float32, device=parameter.device)
            for parameter in self.parameters
        ]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters that have a gradient."""
        held = [
            (parameter, parameter.grad, *moments)
            for parameter, *moments in zip(
                self.parameters, self.means, self.squares, self.steps, strict=True
            )
            if parameter.grad is not None
        ]
        parameters, gradients, means, squares, steps = map(list, zip(*held, strict=True))
        adam(
            *(parameters, gradients, means, squares, [], steps),
            fused=True,
            decoupled_weight_decay=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )

"""Modules of the role: maps. The contract of one."""

from __future__ import annotations

from torch import Tensor, nn

from flowspec.vocabulary.word import Map


class MapModule(nn.Module):
    """An elementwise bijection y = f(x; raw), named as its word.

    x_B..., raw_BP... -> y_B..., log_slope. `raw` has the P parameters of each element on axis 1 and is otherwise shaped as x,
    or holds axes of length 1 that broadcast against it. `log_slope` broadcasts against x; without an axis it stands for the
    same slope at every element.
    """

    def __init__(self, word: Map):
        super().__init__()
        self.word = word

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """y and log f'(x)."""
        raise NotImplementedError

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """x and the log-slope of the inverse, -log f'(x)."""
        raise NotImplementedError

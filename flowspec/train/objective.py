"""What training makes small."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor, nn

from flowspec.modules.flow import Condition, Flow
from flowspec.terms import weight


class Objective(nn.Module):
    """The mean of -log p(x) in nats, or of its terms weighted, in one call as data-parallel wrappers need it.

    Gives the loss with the means of the terms before they are weighted, whose sum is log p(x) or its bound.
    """

    def __init__(self, flow: Flow):
        super().__init__()
        self.flow = flow

    def forward(self, x: Tensor, context: Condition, weights: Mapping[str, float] = MappingProxyType({})) -> tuple[Tensor, dict[str, Tensor]]:
        terms = {name: value.mean() for name, value in self.flow.terms(x, context).items()}
        loss = -sum(weight(name, weights) * value for name, value in terms.items())
        return loss, {name: value.detach() for name, value in terms.items()}

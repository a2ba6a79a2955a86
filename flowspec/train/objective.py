"""What training makes small."""

from __future__ import annotations

from torch import Tensor, nn

from flowspec.modules.flow import Condition, Flow


class Objective(nn.Module):
    """The mean of -log p(x) in nats, in one call as data-parallel wrappers need it."""

    def __init__(self, flow: Flow):
        super().__init__()
        self.flow = flow

    def forward(self, x: Tensor, context: Condition) -> Tensor:
        return -self.flow.log_prob(x, context).mean()

"""Recurrent networks over the features of a vector."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.vocabulary.networks import recurrent as words
from flowspec.vocabulary.rules import Ports


class Recurrent(nn.Module):
    """A gated recurrent unit over the features: x_BD, conditions -> y_B(PD), where y[:, p*D + i] depends on the x[:, j] with j < i only."""

    takes_given = True

    def __init__(self, word: words.Recurrent, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.cell = nn.GRUCell(word.read(ports), word.hidden)
        self.head = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(word.widths(ports)))

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        before = torch.cat((x.new_zeros(len(x), 1), x[:, :-1]), 1)
        state, states = x.new_zeros(len(x), self.cell.hidden_size), []
        for feature in before.unbind(1):
            state = self.cell(_beside(feature, given), state)
            states.append(state)
        return self._outputs(torch.stack(states, 1)).transpose(1, 2).flatten(1)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor]:
        """The parameters feature by feature, as `MADE.incremental`: the state is kept."""
        state = self.cell.weight_hh.new_zeros(batch, self.cell.hidden_size)

        def step(feature: Tensor | None) -> Tensor:
            nonlocal state
            state = self.cell(_beside(state.new_zeros(batch) if feature is None else feature, given), state)
            return self._outputs(state)

        return step

    def _outputs(self, state: Tensor) -> Tensor:
        """The outputs of a feature, state_…H -> _…P."""
        *hidden, last = self.head
        for layer in hidden:
            state = F.relu(layer(state))
        return last(state)


def _beside(feature: Tensor, given: tuple[Tensor, ...]) -> Tensor:
    return torch.cat((feature[:, None], *(condition.flatten(1) for condition in given)), 1)

"""Stacks of gated, dilated convolutions that are causal over rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.networks.sharing import Signal
from flowspec.modules.networks.structure import Given, RowByRow
from flowspec.modules.networks.weight_norm import NormedConv, NormedLinear
from flowspec.vocabulary.networks import wavenet as words
from flowspec.vocabulary.rules import Ports


class WaveNet(nn.Module):
    """x_BCRW, conditions -> y_BHRW, row r of which depends on rows up to r of x (WaveFlow, Ping et al. 2020, sec. 3.2)."""

    takes_given = True

    def __init__(self, word: words.WaveNet, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        conditions, entering = word.conditions(ports), ports.entering
        embedding = None if entering is None else entering.embedding
        self.sites = len(word.sites(ports))
        self.front = NormedConv(ports.input[0], word.width, 1)
        self.layers = nn.ModuleList(_Layer(word, 2**i, conditions, embedding) for i in range(word.layers))

    def forward(self, x: Tensor, given: Given = (), signals: tuple[Signal, ...] = ()) -> Tensor:
        h, conditions = self._entered(x), _together(given)
        total = torch.zeros_like(h)
        for layer, signal in zip(self.layers, signals or ((None, None),) * len(self.layers)):
            h, skip = layer(h, layer.before(h), layer.condition(conditions, signal[0]), signal[1])
            total = total + skip
        return total

    def by_rows(self, given: Given = (), signals: tuple[Signal, ...] = ()) -> RowByRow:
        """The network row by row. Conditions are read once for all rows; each layer keeps the last rows that entered it."""
        signals = signals or ((None, None),) * len(self.layers)
        conditions = _together(given)
        biases = [layer.condition(conditions, signal[0]) for layer, signal in zip(self.layers, signals)]
        queues: list[Tensor | None] = [None] * len(self.layers)

        def row(x: Tensor, r: int) -> Tensor:
            h, total = self._entered(x), 0.0
            for i, layer in enumerate(self.layers):
                before = layer.before(h) if queues[i] is None else queues[i]
                queues[i] = torch.cat((before, h), 2)[:, :, 1:] if before.shape[2] else before
                bias = biases[i] if biases[i] is None or biases[i].shape[2] == 1 else biases[i][:, :, r : r + 1]
                h, skip = layer(h, before, bias, signals[i][1])
                total = total + skip
            return total

        return row

    def _entered(self, x: Tensor) -> Tensor:
        # Channels last in memory: its convolutions take half the time (measured on CPU), and give what they are given.
        return self.front(x).contiguous(memory_format=torch.channels_last)

    def projected(self, embedding: Tensor) -> Tensor:
        """The biases of all layers, one after another."""
        return torch.cat([layer.projection(embedding) for layer in self.layers])

    def fold(self) -> None:
        """Leaves the projections out, once every use keeps its biases."""
        for layer in self.layers:
            layer.projection = None


class _Layer(nn.Module):
    """h_BHRW, rows before it, conditions -> the next h and the skip."""

    def __init__(self, word: words.WaveNet, dilation: int, conditions: int, embedding: int | None):
        super().__init__()
        width, kernel = word.width, word.kernel
        self.rows = kernel - 1
        padding = (0, dilation * (kernel - 1) // 2)
        self.conv = NormedConv(width, 2 * width, kernel, padding=padding, dilation=(1, dilation))
        self.conditions = NormedConv(conditions, 2 * width, 1) if conditions else None
        self.out = NormedConv(width, 2 * width, 1)
        self.projection = None if embedding is None else NormedLinear(embedding, 2 * width)

    def before(self, h: Tensor) -> Tensor:
        """The rows before the first: zeros."""
        return h.new_zeros(h.shape[0], h.shape[1], self.rows, h.shape[3]).contiguous(memory_format=torch.channels_last)

    def condition(self, conditions: Tensor | None, bias: Tensor | None) -> Tensor | None:
        """What is added before the gate, bias_B(2H)RW or for all positions alike."""
        bias = None if bias is None else bias.view(1, -1, 1, 1)
        if conditions is None:
            return bias
        return self.conditions(conditions) if bias is None else self.conditions(conditions) + bias

    def forward(self, h: Tensor, before: Tensor, bias: Tensor | None, gate: Tensor | None) -> tuple[Tensor, Tensor]:
        a = self.conv(torch.cat((before, h), 2))
        a = a if bias is None else a + bias
        filtered, gating = a.chunk(2, 1)
        # tanh(a) = 2 sigmoid(2a) - 1, which takes half the time (measured on CPU).
        residual, skip = self.out(torch.tanh(filtered) * torch.sigmoid(gating)).chunk(2, 1)
        if gate is not None:
            return torch.addcmul(h, residual, gate.view(-1, 1, 1)), skip
        return (h + residual) * 0.5**0.5, skip


def _together(given: Given) -> Tensor | None:
    """The conditions on one channel axis; those of one position are repeated where others have more."""
    if not given:
        return None
    images = [condition if condition.dim() == 4 else condition[:, :, None, None] for condition in given]
    rows, columns = (max(image.shape[axis] for image in images) for axis in (2, 3))
    together = torch.cat([image.expand(-1, -1, rows, columns) for image in images], 1)
    return together.contiguous(memory_format=torch.channels_last)

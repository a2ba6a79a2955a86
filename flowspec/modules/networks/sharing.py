"""Shared networks and the embeddings of their uses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.networks.structure import run
from flowspec.vocabulary.networks import sharing as words
from flowspec.vocabulary.rules import Ports

Signal = tuple[Tensor | None, Tensor | None]
"""What enters at one site: the embedding (or None) and the gate as a factor (or None)."""


class Share(nn.Module):
    """One use of a shared network: x_BC… -> y_BE….

    The network's modules belong to its sharing group, not to the use, which only refers to them.
    """

    def __init__(self, word: words.Share, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.word, self.sites = word, 0
        self._network = tuple(children.values())
        self._count = len(ports.sites)
        for tensor in word.parameters(ports):
            self.register_parameter(tensor.name, nn.Parameter(self._start(tensor.name, tensor.shape)))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.needs_start = word.normalise and "concat" in word.embed

    def _start(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if name == "embedding":
            return torch.randn(shape)
        return torch.ones(shape) if name == "gate" and self.word.gates == "plain" else torch.zeros(shape)

    def forward(self, x: Tensor) -> Tensor:
        if "concat" in self.word.embed:
            x = torch.cat((x, self._entering().expand(len(x), *self.embedding.shape)), 1)
        return run(self._network, x, self._signals())

    def _entering(self) -> Tensor:
        if not self.word.normalise:
            return self.embedding
        shape = (-1, *(1 for _ in self.embedding.shape[1:]))
        return (self.embedding + self.bias.view(shape)) * torch.exp(self.log_scale).view(shape)

    def _signals(self) -> tuple[Signal, ...]:
        embedding = self.embedding.flatten() if "bias" in self.word.embed else None
        gates: tuple[Tensor | None, ...] = (None,) * self._count
        if "gate" in self.word.embed:
            gates = (torch.exp(self.gate) if self.word.gates == "exp" else self.gate).unbind(0)
        return tuple((embedding, gates[i]) for i in range(self._count))

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Normalises the embedding's channels as an actnorm would, once."""
        if not self.started:
            channels = self.embedding.reshape(len(self.embedding), -1)
            self.bias.copy_(-channels.mean(1))
            spread = channels.std(1, unbiased=False)
            self.log_scale.copy_(torch.where(spread > 1e-6, -torch.log(spread.clamp_min(1e-6)), torch.zeros_like(spread)))
            self.started.fill_(True)


class Modulate(nn.Module):
    """A site of a shared network: y = gate * (x + W e + b), x_BC… -> y_BC…."""

    sites = 1

    def __init__(self, word: words.Modulate, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        for tensor in word.parameters(ports):
            self.register_parameter(tensor.name, nn.Parameter(torch.empty(tensor.shape)))
        if ports.given:
            bound = self.weight.shape[1] ** -0.5
            nn.init.uniform_(self.weight, -bound, bound)
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, signals: tuple[Signal, ...] = ()) -> Tensor:
        embedding, gate = signals[0]
        shape = (-1, *(1 for _ in x.shape[2:]))
        if embedding is not None:
            x = x + F.linear(embedding, self.weight, self.bias).view(shape)
        return x if gate is None else x * gate.view(shape)

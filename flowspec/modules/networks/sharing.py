"""Shared networks and the embeddings of their uses."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.networks.structure import Given, RowByRow, run, run_by_rows
from flowspec.modules.starts import normalising
from flowspec.vocabulary.networks import sharing as words
from flowspec.vocabulary.rules import Ports

Signal = tuple[Tensor | None, Tensor | None]
"""What enters at one site: a bias and a factor for each channel, either of which may be None."""


def reached(module: nn.Module) -> Iterator[nn.Module]:
    """The module and all that it runs: modules below it, and those of shared networks that it refers to."""
    for part in module.modules():
        yield part
        if isinstance(part, Share):
            for network in part._network:
                yield from reached(network)


class Share(nn.Module):
    """One use of a shared network: x_BC… -> y_BE….

    The network's modules belong to its sharing group, not to the use, which only refers to them. Modules with sites that an
    embedding enters by bias offer `projected(embedding)`: the bias of each of their sites.
    """

    takes_given = True

    def __init__(self, word: words.Share, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.word, self.sites = word, 0
        self._network = tuple(children.values())
        self._site_modules = tuple(module for part in self._network for module in part.modules() if hasattr(type(module), "projected"))
        self._count = len(ports.sites)
        self._biases = [site.bias for site in ports.sites]
        for tensor in word.parameters(ports):
            self.register_parameter(tensor.name, nn.Parameter(self._start(tensor.name, tensor.shape)))
        self.register_parameter("cached", None)
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    @property
    def needs_start(self) -> bool:
        """Whether the embedding is still to be normalised."""
        return self.word.normalise and "concat" in self.word.embed and not self.started

    def _start(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if name == "embedding":
            # A vector that is projected starts near length 1, as rows of an orthogonal table would.
            return torch.randn(shape) if "concat" in self.word.embed else torch.randn(shape) * shape[0] ** -0.5
        return torch.ones(shape) if name == "gate" and self.word.gates == "plain" else torch.zeros(shape)

    def forward(self, x: Tensor, given: Given = ()) -> Tensor:
        if "concat" in self.word.embed:
            x = torch.cat((x, self._entering().expand(len(x), *self.embedding.shape)), 1)
        return run(self._network, x, self._signals(), given)

    def by_rows(self, given: Given = (), signals: tuple[Signal, ...] = ()) -> RowByRow | None:
        """The network row by row; None if it cannot do so, or reads an embedding that has rows."""
        return None if "concat" in self.word.embed else run_by_rows(self._network, self._signals(), given)

    def _entering(self) -> Tensor:
        if not self.word.normalise:
            return self.embedding
        shape = (-1, *(1 for _ in self.embedding.shape[1:]))
        return (self.embedding + self.bias.view(shape)) * torch.exp(self.log_scale).view(shape)

    def _signals(self) -> tuple[Signal, ...]:
        biases: tuple[Tensor | None, ...] = (None,) * self._count
        gates = biases
        if "bias" in self.word.embed:
            biases = self._projected().split(self._biases)
        if "gate" in self.word.embed:
            gates = (torch.exp(self.gate) if self.word.gates == "exp" else self.gate).unbind(0)
        return tuple(zip(biases, gates))

    def _projected(self) -> Tensor:
        """The biases of all sites, one after another."""
        if self.cached is not None:
            return self.cached
        return torch.cat([module.projected(self.embedding.flatten()) for module in self._site_modules])

    @torch.no_grad()
    def cache(self) -> None:
        """Keeps the biases that the embedding gives, and the embedding only where it is concatenated."""
        if "bias" in self.word.embed:
            self.cached = nn.Parameter(self._projected().clone())
            if "concat" not in self.word.embed:
                self.embedding = None

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Normalises the embedding's channels as an actnorm would, once."""
        if not self.started:
            bias, log_scale = normalising(self.embedding[None])
            self.bias.copy_(bias)
            self.log_scale.copy_(log_scale)
            self.started.fill_(True)


class Modulate(nn.Module):
    """A site of a shared network: y = gate * (x + W e + b), x_BC… -> y_BC…."""

    sites = 1

    def __init__(self, word: words.Modulate, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        for tensor in word.parameters(ports):
            self.register_parameter(tensor.name, nn.Parameter(torch.empty(tensor.shape)))
        if "weight" in self._parameters:
            bound = self.weight.shape[1] ** -0.5
            nn.init.uniform_(self.weight, -bound, bound)
            nn.init.zeros_(self.bias)

    def projected(self, embedding: Tensor) -> Tensor:
        """The site's bias, W e + b."""
        return F.linear(embedding, self.weight, self.bias)

    def fold(self) -> None:
        """Leaves out W and b, once every use keeps its bias."""
        for name in list(self._parameters):
            self.register_parameter(name, None)

    def forward(self, x: Tensor, signals: tuple[Signal, ...] = ()) -> Tensor:
        bias, gate = signals[0]
        shape = (-1, *(1 for _ in x.shape[2:]))
        if bias is not None:
            x = x + bias.view(shape)
        return x if gate is None else x * gate.view(shape)

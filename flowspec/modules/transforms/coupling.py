"""Coupling layers and elementwise maps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from flowspec.modules import module_of
from flowspec.modules.layout import cut_channels, deinterleaved, interleaved, joined_channels
from flowspec.modules.maps import by_parameter
from flowspec.modules.transforms import Given, TransformModule, total
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import coupling

Direction = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""One of a map: a state and the parameters of its elements -> the new state, and the log-slopes."""
Halves = tuple[Tensor, Tensor]
"""The two parts of a state, whatever their sizes: the one that comes first, and the other."""


class Coupling(TransformModule):
    """One part stays and is read by the conditioner; the other is mapped."""

    word: coupling.Coupling

    def __init__(self, word: coupling.Coupling, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.map = module_of(word.map)(word.map)
        self.first = word.first(x)
        self.checkerboard = word.split == "checkerboard"
        if self.checkerboard:
            places = torch.meshgrid(*(torch.arange(side) for side in x.shape[1:] or x.shape), indexing="ij")
            odd = sum(places) % 2 == 1
            self.register_buffer("moved", odd if word.moves == "second" else ~odd, persistent=False)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._apply_map(x, given, self.map.forward)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._apply_map(z, given, self.map.inverse)

    def _apply_map(self, x: Tensor, given: Given, apply: Direction) -> tuple[Tensor, Tensor]:
        if self.checkerboard:
            y, log_slope = apply(x, self._raw(x.masked_fill(self.moved, 0), given))
            return torch.where(self.moved, y, x), total(torch.where(self.moved, log_slope, 0.0), x)
        halves, log_det = self.on_halves(self.cut(x), given, apply)
        return self.joined(halves), log_det

    def _raw(self, stays: Tensor, given: Given) -> Tensor:
        return by_parameter(self.conditioner(stays, given), self.word.map.width)

    def cuts_as(self, other: Coupling) -> bool:
        """Whether both cut a state in the same halves."""
        return not self.checkerboard and (self.word.split, self.first) == (other.word.split, other.first)

    def cut(self, x: Tensor) -> Halves:
        """x_BC… -> its halves, _BA… and _B(C-A)…."""
        if self.word.split == "alternating":
            return deinterleaved(x)
        return cut_channels(x, (self.first, x.shape[1] - self.first))

    def joined(self, halves: Halves) -> Tensor:
        """The state that was cut."""
        return interleaved(*halves) if self.word.split == "alternating" else joined_channels(halves)

    def on_halves(self, halves: Halves, given: Given, apply: Direction) -> tuple[Halves, Tensor]:
        """The halves after `apply`, a direction of the map, and log_det_B."""
        stays, moves = halves if self.word.moves == "second" else halves[::-1]
        y, log_slope = apply(moves, self._raw(stays, given))
        return (stays, y) if self.word.moves == "second" else (y, stays), total(log_slope, moves)


class Elementwise(TransformModule):
    """Every element is mapped, with parameters read off the first condition, or learned."""

    word: coupling.Elementwise

    def __init__(self, word: coupling.Elementwise, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.map = module_of(word.map)(word.map)
        self.learned = word.conditioner is None
        if self.learned:
            self.raw = nn.Parameter(torch.zeros(word.map.width * x.channels, *(1 for _ in x.shape[1:])))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        y, log_slope = self.map(x, self._raw(given))
        return y, total(log_slope, x)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        x, log_slope = self.map.inverse(z, self._raw(given))
        return x, total(log_slope, z)

    def _raw(self, given: Given) -> Tensor:
        raw = self.raw[None] if self.learned else self.conditioner(given[0], given[1:])
        return by_parameter(raw, self.word.map.width)

"""Batches: which examples a step sees is a function of the seed and the step alone, so that a run can go on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

STREAMS = {"order": 1, "noise": 2, "flip": 3, "validation": 4, "test": 5, "sample": 6, "quality": 7, "bits": 8}


def seeded(seed: int, stream: str, position: int = 0) -> int:
    """The seed of one use of chance: different for every seed, stream and position."""
    generator = torch.Generator().manual_seed(seed)
    offset = int(torch.randint(2**62, (), generator=generator))
    return (offset + STREAMS[stream] * 0x9E3779B97F4A7C15 + position * 0xD1342543DE82EF95) % 2**63


def generator(seed: int, stream: str, position: int = 0) -> torch.Generator:
    """A source of chance of one's own."""
    return torch.Generator().manual_seed(seeded(seed, stream, position))


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples x (B, *shape), and what the flow is conditioned on: for each of its contexts, by name, (B, …)."""

    x: Tensor
    context: Mapping[str, Tensor] = field(default_factory=dict)

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device."""
        return Batch(self.x.to(device), {name: value.to(device) for name, value in self.context.items()})

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor | slice) -> Batch:
        return Batch(self.x[index], {name: value[index] for name, value in self.context.items()})


class Order:
    """The order of n examples in each epoch, cut into `steps` batches; what does not fill a batch waits for another epoch."""

    def __init__(self, n: int, batch: int, seed: int):
        self.n, self.batch, self.seed = n, min(batch, n), seed
        self.epoch, self.order = -1, torch.empty(0)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.n // self.batch

    def at(self, step: int) -> Tensor:
        """The examples of a step, counted from the start of the run."""
        epoch, inside = divmod(step, self.steps)
        if epoch != self.epoch:
            self.epoch, self.order = epoch, torch.randperm(self.n, generator=generator(self.seed, "order", epoch))
        return self.order[inside * self.batch : (inside + 1) * self.batch]


def flipped(x: Tensor, seed: int, step: int) -> Tensor:
    """Half of the images, by chance, mirrored left to right: x_BCHW -> x_BCHW."""
    chosen = torch.rand(len(x), generator=generator(seed, "flip", step)) < 0.5
    return torch.where(chosen.view(-1, 1, 1, 1), x.flip(-1), x)


def bits(x: Tensor, largest: int, chance: torch.Generator) -> Tensor:
    """Bits, each 1 with probability x / largest."""
    return (largest * torch.rand(x.shape, generator=chance) < x).to(x.dtype)


def chunks(data: Batch, size: int) -> Iterator[Batch]:
    """The examples in order, so many at a time."""
    for start in range(0, len(data), size):
        yield data[start : start + size]

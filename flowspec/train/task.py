"""Tasks: what a run trains on, what it makes small, and what it is measured by."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from torch import Generator, Tensor, nn

from flowspec.modules.flow import Flow
from flowspec.train.batches import Batch

MOST_VALIDATION = 5_000
"""Examples, or draws, that a validation loss is taken of."""


class Measured(Protocol):
    """How good a flow is: `nats` for each example with its standard `error`. Printed, it says what kind of number it is."""

    nats: float
    error: float

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""

    def account(self) -> str:
        """What the number is made of."""


class Task(Protocol):
    """Of a run: `examples` are an epoch."""

    @property
    def examples(self) -> int:
        """How many make an epoch."""

    def batch(self, index: Tensor, chance: Generator) -> Batch:
        """The batch of these examples, what is drawn anew for each batch from `chance`."""

    def objective(self, flow: Flow) -> nn.Module:
        """A module x_B…, context, weights of terms by name -> loss in nats, its terms."""

    def initialise(self, flow: Flow, batch: Batch, frozen: Collection[str]) -> None:
        """Starts the layers that take their first values from data."""

    def cause(self, flow: Flow, batch: Batch) -> str | None:
        """Where a loss that is not finite begins, when the batch is run again with the same noise."""

    def validate(self, flow: Flow, seed: int) -> float:
        """The validation loss in nats."""

    def measure(self, flow: Flow, seed: int, samples: int | None = None) -> Measured:
        """How good the flow is in the end; `samples` draws of the noise where that sharpens a bound."""

    def draw(self, flow: Flow, folder: Path, seed: int) -> None:
        """Saves the pictures of a run."""

"""The state of a run: all that it needs to go on as if it had never stopped, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import Optimizer

from flowspec.modules.flow import Flow
from flowspec.train import tensors
from flowspec.train.errors import CheckpointError
from flowspec.train.optimise import Average, names_of, optimizer_tensors


@dataclass
class Position:
    """How far a run is: `step` steps are done; of the stage's validation `losses` `best` is the best, not bettered for `stale` epochs.

    The order of the data is a function of `seed`, `batch` and the number of `examples`, and the noise of a step one of seed and
    step, so that no state of a random generator has to be kept.
    """

    seed: int
    batch: int
    examples: int
    step: int = 0
    best: float | None = None
    stale: int = 0
    losses: list[float] = field(default_factory=list)
    updates: int = 0
    seconds: float = 0.0


def save(path: Path, flow: Flow, optimizer: Optimizer, average: Average | None, position: Position) -> None:
    """Writes the state."""
    values = {f"flow/{name}": tensor for name, tensor in tensors.of_module(flow).items()}
    values |= optimizer_tensors(optimizer, names_of(flow))
    if average is not None:
        values |= {f"average/{name}": tensor for name, tensor in average.values.items()}
        position.updates = average.updates
    tensors.write(path, values, {"position": json.dumps(asdict(position))})


def read(path: Path) -> tuple[dict[str, Tensor], Position]:
    """The tensors and the position of a state file. Raises CheckpointError."""
    values, metadata = tensors.read(path)
    try:
        return values, Position(**json.loads(metadata["position"]))
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"`{path}` is not the state of a run") from None


@torch.no_grad()
def restore(flow: Flow, average: Average | None, values: Mapping[str, Tensor], position: Position) -> None:
    """Gives the flow and the average their values of that time."""
    for name, tensor in tensors.of_module(flow).items():
        tensor.copy_(_found(values, f"flow/{name}"))
    if average is not None:
        average.updates = position.updates
        for name, value in average.values.items():
            value.copy_(_found(values, f"average/{name}"))


def _found(values: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in values:
        raise CheckpointError(f"the state of the run lacks `{name}`: its settings have been changed since")
    return values[name]

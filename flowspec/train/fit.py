"""Whether data fit a flow, and the data as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from flowspec.graph import Graph
from flowspec.train.batches import Batch
from flowspec.train.conditions import check_finite, conditions
from flowspec.train.errors import TrainingError
from flowspec.vocabulary.rules import written

if TYPE_CHECKING:
    from flowspec.data import Dataset


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts of a data set as tensors. `log_scale` carries nats of a standardised table to its original units."""

    train: Batch
    validation: Batch
    test: Batch
    log_scale: float | None = None
    drawn_from: int | None = None
    """The largest of the values that a batch of `train` draws its bits from, where it does."""


def fitted(graph: Graph, data: Dataset) -> Splits:
    """The data as tensors that the flow reads. Raises TrainingError that says what does not fit."""
    _same_kind(graph, data)
    parts = [_batch(data, i, context) for i, context in enumerate(conditions(graph, data))]
    return Splits(*parts, log_scale=data.log_scale or None, drawn_from=data.drawn_from)


def _same_kind(graph: Graph, data: Dataset) -> None:
    state, shape = graph.input_state, tuple(data.train.shape[1:])
    if shape != state.shape:
        raise TrainingError(f"data `{data.name}` do not fit: the flow reads {state}, each example is {written(shape) or 'a single number'}")
    if data.levels != state.levels:
        raise TrainingError(f"data `{data.name}` do not fit: the flow reads {_values(state.levels)}, the data are {_values(data.levels)}")
    rate = getattr(graph.input, "rate", None)
    if rate != data.rate:
        raise TrainingError(f"data `{data.name}` do not fit: the flow reads {_sound(rate)}, the data are {_sound(data.rate)}")


def _values(levels: int | None) -> str:
    return "real numbers" if levels is None else f"integers 0 to {levels - 1}"


def _sound(rate: int | None) -> str:
    return "no sound" if rate is None else f"sound of {rate} samples a second"


def _batch(data: Dataset, part: int, context: dict[str, Tensor]) -> Batch:
    values = np.ascontiguousarray((data.train, data.validation, data.test)[part])
    x = torch.from_numpy(values if data.levels is not None else values.astype(np.float32))
    check_finite(x, f"data `{data.name}` hold")
    return Batch(x, context)

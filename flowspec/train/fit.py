"""Whether data fit a flow, and the data as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from flowspec.graph import Graph
from flowspec.train.batches import Batch
from flowspec.train.errors import TrainingError
from flowspec.vocabulary.inputs.spaces import Classes
from flowspec.vocabulary.rules import written

if TYPE_CHECKING:
    from flowspec.data import Dataset, Labels


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts of a data set as tensors. `log_scale` carries nats of a standardised table to its original units."""

    train: Batch
    validation: Batch
    test: Batch
    log_scale: float | None = None


def fitted(graph: Graph, data: Dataset) -> Splits:
    """The data as tensors that the flow reads. Raises TrainingError that says what does not fit."""
    _same_kind(graph, data)
    labels = data.labels if graph.contexts else None
    if graph.contexts:
        _same_labels(graph, data)
    parts = [_batch(graph, data, i, labels) for i in range(3)]
    return Splits(*parts, log_scale=data.log_scale or None)


def _same_kind(graph: Graph, data: Dataset) -> None:
    state, shape = graph.input_state, tuple(data.train.shape[1:])
    if shape != state.shape:
        raise TrainingError(f"data `{data.name}` do not fit: the flow reads {state}, each example is {written(shape) or 'a single number'}")
    if data.levels != state.levels:
        raise TrainingError(f"data `{data.name}` do not fit: the flow reads {_values(state.levels)}, the data are {_values(data.levels)}")


def _values(levels: int | None) -> str:
    return "real numbers" if levels is None else f"integers 0 to {levels - 1}"


def _same_labels(graph: Graph, data: Dataset) -> None:
    context = graph.contexts[0]
    if len(graph.contexts) > 1 or not isinstance(context.word, Classes):
        names = ", ".join(f"`{c.name}`" for c in graph.contexts)
        raise TrainingError(f"a run can give a flow one context of class labels; this one has {names}")
    if data.labels is None:
        raise TrainingError(f"the flow is given `{context.name}`, and data `{data.name}` have no labels")
    largest = max(int(labels.max()) for labels in data.labels)
    if largest >= context.word.count:
        raise TrainingError(f"context `{context.name}` has {context.word.count} classes, data `{data.name}` have a label {largest}")


def _batch(graph: Graph, data: Dataset, part: int, labels: Labels | None) -> Batch:
    values = np.ascontiguousarray((data.train, data.validation, data.test)[part])
    x = torch.from_numpy(values if data.levels is not None else values.astype(np.float32))
    _all_finite(x, data.name)
    return Batch(x, None if labels is None else torch.from_numpy(np.asarray(labels[part], dtype=np.int64)))


def _all_finite(x: torch.Tensor, name: str) -> None:
    bad = (~x.isfinite()).flatten(1).any(1).nonzero()
    if len(bad):
        raise TrainingError(f"data `{name}` hold values that are not finite: {len(bad)} examples, the first is number {int(bad[0])}")

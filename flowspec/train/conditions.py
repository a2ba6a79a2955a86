"""What the contexts of a flow are given from data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from flowspec.graph import ContextNode, Graph
from flowspec.train.errors import TrainingError
from flowspec.vocabulary.inputs.spaces import Classes
from flowspec.vocabulary.rules import written

if TYPE_CHECKING:
    from flowspec.data import Dataset, Labels


def conditions(graph: Graph, data: Dataset) -> list[dict[str, Tensor]]:
    """For each part of the data, what every context is given, by the context's name. Raises TrainingError that says what is missing.

    Classes are given the labels; any other context the condition of its name, or the only one that the data have.
    """
    found = {context.name: _found(context, data) for context in graph.given_contexts}
    return [{name: torch.from_numpy(np.ascontiguousarray(parts[i])) for name, parts in found.items()} for i in range(3)]


def _found(context: ContextNode, data: Dataset) -> Labels | list[np.ndarray]:
    return _labels(context, data) if isinstance(context.word, Classes) else _values(context, data)


def _labels(context: ContextNode, data: Dataset) -> Labels:
    if data.labels is None:
        raise TrainingError(f"the flow is given `{context.name}`, and data `{data.name}` have no labels")
    found = [int(label) for labels in data.labels for label in (labels.min(), labels.max())]
    strange = next((label for label in found if not 0 <= label < context.word.count), None)
    if strange is not None:
        raise TrainingError(f"context `{context.name}` has {context.word.count} classes, data `{data.name}` have a label {strange}")
    return data.labels


def _values(context: ContextNode, data: Dataset) -> list[np.ndarray]:
    parts = data.conditions[_name(context, data)]
    shape = parts.train.shape[1:]
    if shape != context.word.state().shape:
        given = written(shape) or "single numbers"
        raise TrainingError(f"context `{context.name}` reads {context.word.state()}, data `{data.name}` give it {given}")
    for part in parts:
        check_finite(torch.from_numpy(part), f"the condition `{context.name}` of data `{data.name}` holds")
    return [part.astype(np.float32) for part in parts]


def _name(context: ContextNode, data: Dataset) -> str:
    if context.name in data.conditions:
        return context.name
    if len(data.conditions) != 1:
        names = ", ".join(f"`{name}`" for name in data.conditions) or "none"
        raise TrainingError(f"the flow is given `{context.name}`; the conditions that data `{data.name}` have: {names}")
    return next(iter(data.conditions))


def check_finite(x: Tensor, what: str) -> None:
    """Raises TrainingError if an example, of x (N, …), has a number that is not finite. `what` opens the message."""
    bad = (~x.isfinite()).flatten(1).any(1).nonzero()
    if len(bad):
        raise TrainingError(f"{what} values that are not finite: {len(bad)} examples, the first is number {int(bad[0])}")

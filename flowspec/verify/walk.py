"""Walking a built flow step by step, in the normalising direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from flowspec.modules.flow import Condition, Flow
from flowspec.modules.operations import Operation, Wires, applied, several


@dataclass(frozen=True, eq=False)
class Visit:
    """One step or prior on a batch: what it read, what it was given, what it made, and its log-det (a prior's log-density)."""

    operation: Operation
    inputs: tuple[Tensor, ...]
    given: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    log_det: Tensor


def walk(flow: Flow, x: Tensor, context: Condition = None) -> Iterator[Visit]:
    """Every operation of the density of x (B, *shape), in order, as `Flow.log_prob` runs them."""
    yield from walk_wires(flow._density, start(flow, x, context))


def start(flow: Flow, x: Tensor, context: Condition) -> Wires:
    """The wires that are known at the start: the data and the conditions."""
    return flow._start(flow._checked_input(x), context, len(x))


def walk_wires(operations: Iterable[Operation], wires: Wires) -> Iterator[Visit]:
    """Operations in order on what the wires hold."""
    for operation in operations:
        yield run(operation, wires)


def run(operation: Operation, wires: Wires) -> Visit:
    """One operation on what the wires hold; afterwards they hold its outputs, and nothing that is read no more."""
    inputs = tuple(wires[wire] for wire in operation.inputs)
    given = tuple(wires[wire] for wire in operation.given)
    outputs, log_det = normalise(operation, inputs, given)
    wires.update(zip(operation.outputs, outputs))
    for wire in operation.drops:
        del wires[wire]
    return Visit(operation, inputs, given, outputs, log_det)


def normalise(operation: Operation, inputs: tuple[Tensor, ...], given: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
    """One operation in the normalising direction: outputs, log_det (B,)."""
    if operation.ends:
        return (), operation.module.log_prob(inputs[0], given)
    run = operation.module.inverse if operation.inverted else operation.module
    outputs, log_det = applied(operation, run, inputs[0] if len(inputs) == 1 else inputs, given)
    return several(outputs), log_det


def generate(operation: Operation, outputs: tuple[Tensor, ...], given: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
    """One step in the sampling direction: inputs, log_det (B,) of that direction."""
    run = operation.module if operation.inverted else operation.module.inverse
    inputs, log_det = applied(operation, run, outputs[0] if len(outputs) == 1 else outputs, given)
    return several(inputs), log_det


def first_fault(flow: Flow, x: Tensor, context: Condition = None) -> str | None:
    """Where the density of x first stops being finite: `path` and what is not finite there; None if all is."""
    with torch.no_grad():
        for visit in walk(flow, x, context):
            what = "log-density" if visit.operation.ends else "log-det"
            if not all(output.isfinite().all() for output in visit.outputs):
                what = "output"
            elif visit.log_det.isfinite().all():
                continue
            return f"the {what} of `{visit.operation.path}` is not finite"
    return None

"""The flow as a whole: data to latents and back, and the log-det between them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from flowspec.facts import of_item
from flowspec.graph import Step
from flowspec.modules.flow import Condition, Flow
from flowspec.modules.operations import Wires, several
from flowspec.verify.jacobian import flattened, log_abs_det
from flowspec.verify.result import TOLERANCE, Check
from flowspec.verify.steps import tolerance
from flowspec.verify.walk import run, start, walk_wires
from flowspec.vocabulary.rules import Facts

LARGEST = 256
"""Dimensions of a flow whose Jacobian is still computed."""


def round_trip(flow: Flow, x: Tensor, context: Condition) -> Iterator[Check]:
    """Examples to latents and back; where the way back draws and the way there does not, latents to examples and back."""
    facts = _facts(flow)
    draws = any(fact.sampling_draws for fact in facts)
    if flow.checked.sampling is None:
        yield Check("round trip", None, note="the flow has a step without an inverse")
    elif draws and flow.checked.facts.likelihood != "exact":
        yield Check("round trip", None, note="random both ways")
    else:
        with torch.no_grad():
            z, _ = flow(x, context)
            back = flow.inverse(z, context)
            start, end = (flattened(several(z)), flattened(several(flow(back, context)[0]))) if draws else (x, back)
        error = float((start.double() - end.double()).abs().max() / (1 + start.double().abs().max()))
        yield Check.within("round trip", error, _tolerance(facts), "from the latents" if draws else "")


def log_det(flow: Flow, x: Tensor, context: Condition) -> Iterator[Check]:
    """The sum of the log-dets against the Jacobian of all latents; integers are taken after their noise is added."""
    first = _first_step(flow)
    skip = 1 if flow.input_state.levels is not None and first is not None and of_item(first).kind == "surjection" else 0
    rest = _facts(flow)[skip:]
    if flow.input_state.size > LARGEST:
        yield Check("log-det", None, note=f"more than {LARGEST} dimensions: checked step by step")
    elif any(fact.kind != "bijection" or fact.log_det != "exact" for fact in rest):
        yield Check("log-det", None, note="not a bijection with an exact log-det: checked step by step")
    else:
        yield _against_jacobian(flow, x, context, skip, _tolerance(rest))


def _against_jacobian(flow: Flow, x: Tensor, context: Condition, skip: int, tolerance: float) -> Check:
    wires = start(flow, x[:1], None if context is None else {name: value[:1] for name, value in context.items()})
    with torch.no_grad():
        for operation in flow._density[:skip]:
            run(operation, wires)
    free = flow._density[0].outputs if skip else (0,)
    fixed = {wire: value for wire, value in wires.items() if wire not in free}

    def latents(inputs: tuple[Tensor, ...], n: int) -> tuple[Tensor, ...]:
        return _latents(flow, skip, {wire: value.expand(n, *value.shape[1:]) for wire, value in fixed.items()} | dict(zip(free, inputs)))[0]

    inputs = tuple(wires[wire] for wire in free)
    stated = float(_latents(flow, skip, dict(wires))[1][0])
    found = log_abs_det(latents, inputs)
    return Check.within("log-det", abs(stated - found) / (1 + abs(found)), tolerance, f"{flattened(inputs).shape[1]} dimensions, by autograd")


def _latents(flow: Flow, skip: int, wires: Wires) -> tuple[tuple[Tensor, ...], Tensor]:
    """The latents of all priors, and the sum of the log-dets that lead to them."""
    latents, total = [], torch.zeros(1)
    for visit in walk_wires(flow._density[skip:], wires):
        if visit.operation.ends:
            latents += visit.inputs
        else:
            total = total + visit.log_det
    return tuple(latents), total


def _first_step(flow: Flow) -> Step | None:
    node = flow.checked.nodes[flow.checked.density[0]]
    return node.item if isinstance(node.item, Step) else None


def _facts(flow: Flow) -> list[Facts]:
    nodes = (flow.checked.nodes[i] for i in flow.checked.density)
    return [of_item(node.item) for node in nodes if isinstance(node.item, Step)]


def _tolerance(facts: list[Facts]) -> float:
    return max(map(tolerance, facts), default=TOLERANCE)

"""Each step of a flow on real activations."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from flowspec.expansion import of_sampling
from flowspec.facts import of_item
from flowspec.graph import Mark, Step
from flowspec.modules.flow import Condition, Flow
from flowspec.verify.jacobian import flattened, log_abs_det
from flowspec.verify.result import SOLVED, TOLERANCE, Check, StepCheck
from flowspec.verify.walk import Visit, generate, normalise, walk
from flowspec.vocabulary.rules import Facts

LARGEST = 512
"""Dimensions of a step whose Jacobian is still computed."""


def verify_steps(flow: Flow, x: Tensor, context: Condition) -> tuple[StepCheck, ...]:
    """The checks of every step; copies that a repetition makes are told together, and only the first is differentiated."""
    items = {node.path: node.item for node in flow.checked.nodes if not isinstance(node.item, Mark)}
    found: dict[int, list[StepCheck]] = {}
    for visit in walk(flow, x, context):
        step = items[visit.operation.path]
        if isinstance(step, Step):
            copies = found.setdefault(id(step), [])
            copies.append(_verify(step, visit, differentiate=not copies))
    return tuple(_together(copies) for copies in found.values())


def _verify(step: Step, visit: Visit, differentiate: bool) -> StepCheck:
    facts, dims = of_item(step), sum(value[0].numel() for value in visit.inputs)
    trip = _there_and_back(step, facts, visit)
    return StepCheck(
        visit.operation.path, step.word.word, 1, dims,
        _round_trip(facts, trip), _both_ways(facts, trip), _log_det(facts, visit, dims, differentiate),
    )  # fmt: skip


class Trip(NamedTuple):
    """Both directions one after another: where it started and ended, and the log-dets of the normalising and the sampling one."""

    start: tuple[Tensor, ...]
    end: tuple[Tensor, ...]
    log_det: Tensor
    log_det_back: Tensor


def _there_and_back(step: Step, facts: Facts, visit: Visit) -> Trip | None:
    """From x over z to x; where sampling draws what z does not say, from z over x to z. None where neither leads back."""
    if facts.sampling == "none" or (facts.sampling_draws and facts.kind == "stochastic"):
        return None
    with torch.no_grad():
        x, log_det_back = generate(visit.operation, visit.outputs, of_sampling(step, visit.given))
        if not facts.sampling_draws:
            return Trip(visit.inputs, x, visit.log_det, log_det_back)
        z, log_det = normalise(visit.operation, x, visit.given)
        return Trip(visit.outputs, z, log_det, log_det_back)


def _round_trip(facts: Facts, trip: Trip | None) -> Check:
    if trip is None:
        return Check("round trip", None, note="no inverse" if facts.sampling == "none" else "random")
    return Check.within("round trip", _distance(trip.start, trip.end), tolerance(facts))


def tolerance(facts: Facts) -> float:
    """How exact a direction can be asked to be."""
    return SOLVED if facts.density == facts.sampling == "iterative" else TOLERANCE


def _distance(a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> float:
    first, second = flattened(a).double(), flattened(b).double()
    return float((first - second).abs().max() / (1 + first.abs().max()))


def _both_ways(facts: Facts, trip: Trip | None) -> Check:
    if trip is None or facts.log_det != "exact":
        return Check("both ways", None)
    error = (trip.log_det + trip.log_det_back).abs() / (1 + trip.log_det.abs())
    return Check.within("both ways", float(error.max()), tolerance(facts))


def _log_det(facts: Facts, visit: Visit, dims: int, differentiate: bool) -> Check:
    if facts.kind != "bijection" or facts.log_det != "exact":
        return Check("log-det", None, note=facts.kind if facts.kind != "bijection" else facts.log_det)
    if dims > LARGEST:
        return Check("log-det", None, note="by rule only")
    if not differentiate:
        return Check("log-det", None)
    given = tuple(value[:1] for value in visit.given)

    def run(inputs: tuple[Tensor, ...], n: int) -> tuple[Tensor, ...]:
        return normalise(visit.operation, inputs, tuple(value.expand(n, *value.shape[1:]) for value in given))[0]

    stated = float(visit.log_det.expand(len(visit.inputs[0]))[0])
    found = log_abs_det(run, tuple(value[:1] for value in visit.inputs))
    return Check.within("log-det", abs(stated - found) / (1 + abs(found)), tolerance(facts))


def _together(copies: list[StepCheck]) -> StepCheck:
    first = copies[0]
    worst = [max(checks, key=_badness) for checks in zip(*(copy.checks for copy in copies))]
    return StepCheck(first.path, first.word, len(copies), first.dims, *worst)


def _badness(check: Check) -> float:
    if check.error is None:
        return -1.0
    return check.error if check.error == check.error else float("inf")

"""Laws that every flow keeps, over random specs that use all of the language."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import assume, given
from torch import Tensor

from flowspec.checked import CheckedGraph
from flowspec.graph import Graph
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph
from flowspec.source import Source
from flowspec.syntax.format import format_text
from flowspec.verify.examples import double_precision
from tests.laws.numerics import drawn, latents, log_abs_det, started
from tests.spec_text import compiled
from tests.strategies import PROFILE, specs

PRECISION = 1e-8
EPSILON = torch.finfo(torch.float64).eps
ROUNDINGS = 100
"""A round trip may err by so many times what one rounding error in the latents leads to."""
FARTHEST = 100.0
"""Latents and log-dets beyond this are those of a flow that float64 cannot undo: scales without a bound can lead anywhere."""


@PROFILE
@given(specs())
def test_a_flow_keeps_its_laws(text: str) -> None:
    checked = compiled(text)
    _counts_by_rule_are_those_stored(checked)
    with double_precision():
        flow = started(checked)
        x, context = drawn(checked, 5)
        with torch.no_grad():
            z, log_det = flow(x, context)
        assume(not torch.cat([part.abs().flatten() for part in (*_parts(z), log_det)]).max() > FARTHEST)
        log_prob = flow.log_prob(x, context)
        assert log_prob.shape == (5,) and log_prob.isfinite().all()
        _examples_come_back(flow, x, z, context)
        if checked.facts.likelihood == "exact":
            _log_det_is_that_of_autograd(flow, x[:1], context and {name: value[:1] for name, value in context.items()})
        _samples_have_the_shape_of_the_data(flow)


@PROFILE
@given(specs())
def test_a_graph_survives_being_written(text: str) -> None:
    graph = compiled(text).graph
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
    formatted = format_text(Source("test.flow", text))
    assert format_text(Source("test.flow", formatted)) == formatted
    assert without_places(compiled(formatted).graph.model_dump()) == without_places(graph.model_dump())


def without_places(value: Any) -> Any:
    """A dumped graph without its spans."""
    if isinstance(value, dict):
        return {name: without_places(part) for name, part in value.items() if not name.endswith(("span", "spans"))}
    return [without_places(part) for part in value] if isinstance(value, list | tuple) else value


def _counts_by_rule_are_those_stored(checked: CheckedGraph) -> None:
    with torch.device("meta"):
        stored = sum(parameter.numel() for parameter in build(checked).parameters())
    assert of_graph(checked.graph).parameters == stored


def _parts(z: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (z,) if isinstance(z, Tensor) else z


def _examples_come_back(flow: Flow, x: Tensor, z: Tensor | tuple[Tensor, ...], context: dict[str, Tensor] | None) -> None:
    with torch.no_grad():
        back = flow.inverse(z, context)
        nudged = flow.inverse(tuple(part * (1 - EPSILON) for part in _parts(z)), context)
    rounding = (nudged - back).abs().max()
    assert (back - x).abs().max() <= PRECISION * (1 + x.double().abs().max()) + ROUNDINGS * rounding


def _log_det_is_that_of_autograd(flow: Flow, x: Tensor, context: dict[str, Tensor] | None) -> None:
    _, stated = latents(flow, x, context)
    found = log_abs_det(flow, x, context)
    assert abs(stated[0] - found) <= PRECISION * (1 + abs(found))


def _samples_have_the_shape_of_the_data(flow: Flow) -> None:
    _, context = drawn(flow.checked, 3)
    sample = flow.sample(3, context)
    assert sample.shape == (3, *flow.input_state.shape)

"""Laws that every flow keeps, over random specs that use all of the language."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given

from flowspec.checked import CheckedGraph
from flowspec.graph import Graph
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.report.numbers import of_graph
from flowspec.source import Source
from flowspec.syntax.format import format_text
from tests.laws.numerics import double_precision, drawn, latents, log_abs_det, started
from tests.spec_text import compiled
from tests.strategies import PROFILE, specs

PRECISION = 1e-8


@PROFILE
@given(specs())
def test_a_flow_keeps_its_laws(text: str) -> None:
    checked = compiled(text)
    _counts_by_rule_are_those_stored(checked)
    with double_precision():
        flow = started(checked)
        _density_is_finite_and_one_per_example(flow)
        _examples_come_back(flow)
        if checked.facts.likelihood == "exact":
            _log_det_is_that_of_autograd(flow)
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
        return {name: without_places(part) for name, part in value.items() if not name.endswith("span")}
    return [without_places(part) for part in value] if isinstance(value, list | tuple) else value


def _counts_by_rule_are_those_stored(checked: CheckedGraph) -> None:
    with torch.device("meta"):
        stored = sum(parameter.numel() for parameter in build(checked).parameters())
    assert of_graph(checked.graph).parameters == stored


def _density_is_finite_and_one_per_example(flow: Flow) -> None:
    x, context = drawn(flow.checked, 5)
    log_prob = flow.log_prob(x, context)
    assert log_prob.shape == (5,) and log_prob.isfinite().all()


def _examples_come_back(flow: Flow) -> None:
    x, context = drawn(flow.checked, 4)
    with torch.no_grad():
        z, _ = flow(x, context)
        back = flow.inverse(z, context)
    scale = 1 + x.double().abs().max()
    assert (back - x).abs().max() <= PRECISION * scale


def _log_det_is_that_of_autograd(flow: Flow) -> None:
    x, context = drawn(flow.checked, 1)
    _, stated = latents(flow, x, context)
    found = log_abs_det(flow, x, context)
    assert abs(stated[0] - found) <= PRECISION * (1 + abs(found))


def _samples_have_the_shape_of_the_data(flow: Flow) -> None:
    _, context = drawn(flow.checked, 3)
    sample = flow.sample(3, context)
    assert sample.shape == (3, *flow.input_state.shape)

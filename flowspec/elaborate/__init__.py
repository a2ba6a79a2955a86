"""Elaboration: from definitions to a graph, in which every name, number and shape is known."""

from __future__ import annotations

from collections.abc import Mapping

from flowspec.diagnostics import Diagnostic
from flowspec.elaborate.definitions import Definitions, with_defaults
from flowspec.elaborate.effort import MOST_FAULTS
from flowspec.elaborate.independence import independent
from flowspec.elaborate.unreached import faults_of_unreached
from flowspec.elaborate.values import Value, fail
from flowspec.elaborate.whole import settled
from flowspec.graph import Graph
from flowspec.loading import Program


def elaborate(program: Program, overrides: Mapping[str, Value] | None = None) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """The graph of a program's flow, with parameters overridden by name, and the faults of the program, in the order of the text.

    Where the steps of the flow are sound there is a graph, whatever else is wrong: then without what is.
    A condition may be a state that is tapped further down; its shape is then found by elaborating again with the taps of the
    pass before, until nothing is left open.
    """
    definitions = Definitions(program.definitions)
    place = program.flow.name.span
    try:
        graph, faults, hidden = settled(definitions, program.flow, lambda: with_defaults(program.flow, overrides or {}, place), overrides or {}, place)
        if len(faults) < MOST_FAULTS and not definitions.effort.is_spent:
            more, names = faults_of_unreached(program, definitions)
            faults, hidden = [*faults, *more], hidden | names
    except RecursionError:
        raise fail("FS801", "what this flow names is made of one another too deeply", place, help=("let shorter chains of `let` build on one another",)) from None
    faults = dict.fromkeys((*program.faults, *independent(faults, hidden, program)))
    return graph, tuple(sorted(faults, key=lambda fault: fault.primary.span))

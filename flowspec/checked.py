"""A checked graph: what the checker has proved of a graph. Only `check` makes one, and every output takes one."""

from __future__ import annotations

from functools import cached_property

from flowspec.expansion import Node, expand
from flowspec.graph import Graph
from flowspec.vocabulary.rules import Frozen, Likelihood, Mass, Mode, Volume


class FlowFacts(Frozen):
    """What is derived of a whole flow; `causes` names, for each fact, the paths of the steps that make it what it is."""

    likelihood: Likelihood
    density: Mode
    inverse: Mode
    passes: int
    volume: Volume
    latent_dims: int
    mass: Mass = "one"
    causes: dict[str, tuple[str, ...]] = {}


class CheckedGraph(Frozen):
    """A graph with its facts and the orders in which its nodes are computed.

    `density` and `sampling` index `nodes`. In sampling order a prior is drawn from, a step is inverted, and a tap is known once
    the step that reads its wire has been inverted. `sampling` is None for a flow that cannot be sampled.
    """

    graph: Graph
    facts: FlowFacts
    density: tuple[int, ...]
    sampling: tuple[int, ...] | None

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The expanded graph's nodes in the order of the text."""
        return expand(self.graph)

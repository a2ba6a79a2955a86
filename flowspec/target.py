"""Targets: whether a flow can be trained towards an energy by the reverse KL divergence of its own samples."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.checked import CheckedGraph
from flowspec.diagnostics import Diagnostic, Label
from flowspec.graph import Graph, Step, walk
from flowspec.vocabulary.settings.energies import Energy
from flowspec.vocabulary.settings.runs import Train


def target(graph: Graph) -> Energy | None:
    """The energy that a flow is trained towards, if it is."""
    train = graph.settings.get("train")
    return train.target if isinstance(train, Train) else None


def unmatched(checked: CheckedGraph) -> Iterator[Diagnostic]:
    """What stands in the way of the target: E_q[log q(x) + U(x)] needs samples with their densities in one differentiable pass."""
    energy = target(checked.graph)
    if energy is None:
        return
    label = Label(checked.graph.setting_spans["train.target"])
    for cause, help in _causes(checked, energy):
        yield Diagnostic("FS411", f"the flow cannot be trained towards `{energy.word}`: {cause}", label, help=(help,))
        return


def _causes(checked: CheckedGraph, energy: Energy) -> Iterator[tuple[str, str]]:
    graph, facts = checked.graph, checked.facts
    if facts.inverse != "analytic":
        word = next(node.item.word.word for node in checked.nodes if node.path == facts.causes["inverse"][0])
        yield (f"its samples are not drawn in one pass, because of {_named(facts.causes['inverse'])} ({facts.inverse})",
               f"turn it round, so that its density's direction is the one that samples: `inverse {{ {word}(…) }}`")  # fmt: skip
    if facts.likelihood == "bound":
        yield f"the density of its samples is a bound, because of {_named(facts.causes['likelihood'])}", "take that step out"
    if graph.input_state.levels is not None:
        yield "it is a distribution of integers, an energy is a function of real numbers", "leave `levels` out of the input"
    if graph.contexts:
        yield f"it is conditioned on `{graph.contexts[0].name}`, of which a run towards a target knows nothing", "leave the context out"
    if energy.features not in (None, graph.input_state.size) or len(graph.input_state.shape) != 1:
        yield f"it is a density of {graph.input_state}, the energy a function of {energy.features or 'a vector'}", f"write `input vector({energy.features or 2})`"
    if started := next(_start_from_data(graph), None):
        yield f"`{started}` takes its first values from data, and there are none", "let each start as the identity: `actnorm(start=identity)`"
    if weighted := next((phase.name for phase in graph.phases if phase.options.weights), None):
        yield f"phase `{weighted}` weights terms of a likelihood", "leave its `weights` out"
    if "data" in graph.settings:
        yield "the spec names data too", "leave out `data(…)` or `target=…`"


def _start_from_data(graph: Graph) -> Iterator[str]:
    steps = ((path, item) for path, item, _ in walk(graph.body) if isinstance(item, Step))
    return (path for path, step in steps if step.word.starts_from_data and not step.inverted)


def _named(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{path}`" for path in paths[:3]) + (" …" if len(paths) > 3 else "")

"""Facts: what the words of a flow's steps and priors state, in its directions, and what follows of the whole."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.checked import FlowFacts
from flowspec.expansion import Node, expand
from flowspec.graph import End, Mark, Step
from flowspec.vocabulary.rules import Facts, Mode

WORST_FIRST = {
    "log_det": ("bound", "estimate", "exact"),
    "mode": ("none", "iterative", "sequential", "analytic"),
    "volume": ("varies", "constant", "zero"),
}


def of_flow(nodes: tuple[Node, ...]) -> FlowFacts:
    """The facts of the whole, each the worst of its steps'."""
    steps = [(node.path, of_item(node.item)) for node in nodes if not isinstance(node.item, Mark)]
    likelihood, because = _worst(steps, "log_det", "log_det")
    density, slow = _worst(steps, "density", "mode")
    inverse, hard = _worst(steps, "sampling", "mode")
    volume, varying = _worst(steps, "volume", "volume")
    missing = tuple(_not_onto(nodes))
    return FlowFacts(
        likelihood=likelihood, density=density, inverse=inverse, volume=volume,
        passes=sum(facts.passes for _, facts in steps if "sequential" in (facts.density, facts.sampling)),
        latent_dims=sum(node.item.before[0].size for node in nodes if isinstance(node.item, End)),
        mass="less" if missing else "one",
        causes={"mass": missing, "likelihood": because, "density": slow, "inverse": hard, "volume": varying},
    )  # fmt: skip


def of_item(item: Step | End) -> Facts:
    """A step's or a prior's facts in the directions of the flow. Inverted, every draw that it maps to x has a z."""
    if isinstance(item, End):
        return item.word.facts(item.before[0])
    facts = item.word.facts(item.domain)
    if item.inverted:
        return facts.model_copy(update={"density": facts.sampling, "sampling": facts.density, "onto": True})
    for flow in item.flows.values():
        facts = _drawing(facts, of_flow(expand(flow)))
    return facts


def _drawing(facts: Facts, within: FlowFacts) -> Facts:
    """A step whose density takes a draw of a flow within it."""
    passes = within.passes if within.inverse == "sequential" else facts.passes
    return facts.model_copy(update={"density": _slower(facts.density, within.inverse), "passes": passes})


def _slower(a: Mode, b: Mode) -> Mode:
    return min(a, b, key=WORST_FIRST["mode"].index)


def occurring(facts: list[Facts], field: str, scale: str) -> tuple[str, ...]:
    """The values of a field that occur, the worst first."""
    found = {getattr(fact, field) for fact in facts}
    return tuple(value for value in WORST_FIRST[scale] if value in found)


def _worst(steps: list[tuple[str, Facts]], field: str, scale: str) -> tuple[str, tuple[str, ...]]:
    order = WORST_FIRST[scale]
    worst = min((order.index(getattr(facts, field)) for _, facts in steps), default=len(order) - 1)
    causes = tuple(path for path, facts in steps if getattr(facts, field) == order[worst])
    return order[worst], causes if worst < len(order) - 1 else ()


def _not_onto(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Steps that do not reach all that what follows them could draw."""
    supports = {node.inputs[0]: node.item.word.support for node in nodes if isinstance(node.item, End)}
    for node in nodes:
        facts = of_item(node.item) if isinstance(node.item, Step) else Facts()
        if not facts.onto and supports.get(node.outputs[0]) != (facts.reaches or "nothing else"):
            yield node.path

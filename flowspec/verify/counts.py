"""Counts by rule against what torch holds, and contracts against the module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flowspec.check import fact_value
from flowspec.graph import Mark, part_paths
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph, of_item
from flowspec.verify.result import Check


def counts(flow: Flow) -> Iterator[Check]:
    """The parameters of every step and prior, and of the whole, by their rules and by `numel`."""
    built = _built(flow)
    wrong = []
    for node in flow.checked.nodes:
        stated = 0 if isinstance(node.item, Mark) else of_item(node.item).parameters
        if stated != built[node.path]:
            wrong.append(f"`{node.path}`: {stated:_} by rule, {built[node.path]:_} built")
    yield Check("parameters, step by step", not wrong, note="; ".join(wrong[:3]) or f"{len(flow.checked.nodes)} paths")
    stated, found = of_graph(flow.checked.graph).parameters, sum(parameter.numel() for parameter in flow.parameters())
    yield Check("parameters", stated == found, note=f"{stated:_} by rule, {found:_} built")


def _built(flow: Flow) -> dict[str, int]:
    """The parameters below each path, shared ones only where they belong."""
    total: dict[str, int] = defaultdict(int)
    for name, parameter in flow.named_parameters():
        parts = name.split(".")
        for i in range(1, len(parts)):
            total[".".join(parts[:i])] += parameter.numel()
    return total


def contracts(flow: Flow) -> Iterator[Check]:
    """Every contract of the spec; those on parameters with the numbers of the module."""
    graph, facts = flow.checked.graph, flow.checked.facts
    built = {
        "parameters": sum(parameter.numel() for parameter in flow.parameters()),
        "latent_dims": sum(operation.state.size for operation in flow._density if operation.ends),
    }
    for contract in graph.contracts:
        if contract.fact == "parameters" and contract.subject:
            value = sum(p.numel() for path in part_paths(graph.body, contract.subject) for p in flow.at(path).parameters())
        else:
            value = built.get(contract.fact, fact_value(graph, facts, contract))
        shown = f"{value:_}" if isinstance(value, int) else value
        yield Check(contract.text, contract.holds(value), note=f"found {shown}")

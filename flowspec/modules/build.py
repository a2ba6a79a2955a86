"""Building: from a checked graph to a torch module, whose parameters have the paths of the graph."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.graph import Block, End, Mark, Network, Step
from flowspec.modules import module_of
from flowspec.modules.flow import Flow
from flowspec.modules.section import Section
from flowspec.sharing import Uses, groups, loose, shared_name
from flowspec.source import Span
from flowspec.vocabulary.networks.sharing import Share


def build(checked: CheckedGraph, seed: int | None = None) -> Flow:
    """The flow of a checked graph, initialised as its words declare from `seed` (or from torch's own generator)."""
    if seed is None:
        return _build(checked)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(checked)


def _build(checked: CheckedGraph) -> Flow:
    flow = Flow(checked, section(checked.graph.body, {}, loose(checked.graph.body.items)), _contexts(checked))
    return flow.to(memory_format=torch.channels_last) if len(checked.graph.input_state.shape) == 3 else flow


Shared = Mapping[Span, dict[str, nn.Module]]
"""The modules of the sharing groups in reach, by the place of their `share`."""


def section(block: Block, shared: Shared, owned: tuple[Uses, ...] = ()) -> Section:
    """The modules of a block, each under its name; an iteration of a repetition has modules of its own.

    Networks shared by the block's iterations belong to the block, as `shared`, `shared2`, ….
    """
    built = Section()
    for i, uses in enumerate((*owned, *groups(block.items))):
        group = {name: network(child, shared) for child in uses.network.children for name in child.names()}
        built.put(shared_name(i), Section.of(group))
        shared = {**shared, uses.span: group}
    for item in block.items:
        if isinstance(item, Block):
            for name in item.names():
                built.put(name, section(item, shared))
        elif not isinstance(item, Mark):
            built.put(item.name, _node(item, shared))
    return built


def _node(item: Step | End, shared: Shared) -> nn.Module:
    networks: dict[str, nn.Module] = {field: network(item.networks[field], shared) for field in item.networks}
    if isinstance(item, Step):
        networks |= {field: _build(check(flow)) for field, flow in item.flows.items()}
    given = tuple(state.shape for state in item.given_states)
    readers = (item.readers,) if isinstance(item, Step) and item.word.holds else ()
    return module_of(item.word)(item.word, item.entering, given, networks, *readers)


def network(node: Network, shared: Shared) -> nn.Module:
    """The module of a network. One use of a shared network refers to the modules of its group."""
    if isinstance(node.word, Share):
        return module_of(node.word)(node.word, node.ports, shared[node.span])
    children = {name: network(child, shared) for child in node.children for name in child.names()}
    return module_of(node.word)(node.word, node.ports, children)


def _contexts(checked: CheckedGraph) -> dict[str, Section]:
    contexts = {}
    for context in checked.graph.contexts:
        contexts[context.name] = built = Section()
        if context.word is not None:
            built.put("input", module_of(context.word)(context.word))
        if context.network is not None:
            built.put("network", network(context.network, {}))
    return contexts

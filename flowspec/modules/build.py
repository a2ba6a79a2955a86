"""Building: from a checked graph to a torch module, whose parameters have the paths of the graph."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import nn

from flowspec.checked import CheckedGraph
from flowspec.graph import Block, End, Mark, Network, Step
from flowspec.modules.flow import Flow, Section
from flowspec.vocabulary.word import Word


def build(checked: CheckedGraph, seed: int | None = None) -> Flow:
    """The flow of a checked graph, initialised as its words declare from `seed` (or from torch's own generator)."""
    if seed is None:
        return _build(checked)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(checked)


def _build(checked: CheckedGraph) -> Flow:
    flow = Flow(checked, section(checked.graph.body), _contexts(checked))
    return flow.to(memory_format=torch.channels_last) if len(checked.graph.input_state.shape) == 3 else flow


def module_of(word: Word) -> type[Any]:
    """The torch module of a word: same file, same class name."""
    declared = type(word)
    module = import_module(declared.__module__.replace("flowspec.vocabulary.", "flowspec.modules."))
    return getattr(module, declared.__name__)


def section(block: Block) -> Section:
    """The modules of a block, each under its name; an iteration of a repetition has modules of its own."""
    built = Section()
    for item in block.items:
        if isinstance(item, Block):
            for name in item.names():
                built.put(name, section(item))
        elif not isinstance(item, Mark):
            built.put(item.name, _node(item))
    return built


def _node(item: Step | End) -> nn.Module:
    networks = {field: network(item.networks[field]) for field in item.networks}
    given = tuple(state.shape for state in item.given_states)
    state = item.before if len(item.before) > 1 else item.domain if isinstance(item, Step) else item.before[0]
    return module_of(item.word)(item.word, state, given, networks)


def network(node: Network) -> nn.Module:
    """The module of a network."""
    children = {name: network(child) for child in node.children for name in child.names()}
    return module_of(node.word)(node.word, node.ports, children)


def _contexts(checked: CheckedGraph) -> dict[str, Section]:
    contexts = {}
    for context in checked.graph.contexts:
        contexts[context.name] = built = Section()
        built.put("input", module_of(context.word)(context.word))
        if context.network is not None:
            built.put("network", network(context.network))
    return contexts

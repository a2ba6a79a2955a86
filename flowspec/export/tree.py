"""The modules of a flow as nested calls: a function for each block, equal iterations by one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from flowspec.check import check
from flowspec.checked import CheckedGraph
from flowspec.expansion import Node, needed_to_sample
from flowspec.export.printing import Expression, call, dict_of, numbered, printed, tuple_of
from flowspec.export.templates import FLOW
from flowspec.export.values import Values, home
from flowspec.graph import Block, ContextNode, End, Mark, Network, Step
from flowspec.orders import last_read
from flowspec.sharing import Uses, groups, loose, shared_name
from flowspec.source import Span
from flowspec.vocabulary.networks.sharing import Share


@dataclass
class Tree:
    """The functions written so far, by name."""

    values: Values
    functions: dict[str, str] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------------------------- blocks

    def flow(self, checked: CheckedGraph, prefix: str) -> Expression:
        """The call that makes a flow; its blocks become functions."""
        graph = checked.graph
        contexts = {context.name: self._context(context) for context in graph.contexts}
        density = [checked.nodes[i] for i in checked.density]
        sampling = [checked.nodes[i] for i in checked.sampling or ()]
        conditions = [call("Plain", name=f'"{c.name}"', origin=repr(c.origin), network=repr(c.network is not None), asked=repr(c.asked)) for c in graph.contexts]
        return call(
            "Flow", self.block(graph.body, f"make_{prefix}body", {}, loose(graph.body.items)), dict_of(contexts), tuple_of(conditions),
            self._constant(f"{prefix}density", density, sampling=False), self._constant(f"{prefix}sampling", sampling, sampling=True),
            self.values.written(graph.input_state, FLOW), repr(checked.facts.likelihood == "bound"),
            self.values.written(checked.facts.causes["inverse"][:3] if checked.sampling is None else ()),
        )  # fmt: skip

    def block(self, block: Block, name: str, shared: Mapping[Span, str], owned: tuple[Uses, ...] = ()) -> Expression:
        """The call of a block's function, which is written."""
        arguments, lines, items = tuple(shared.values()), [], {}
        for i, uses in enumerate((*owned, *groups(block.items))):
            key = shared_name(i)
            variable = key if key not in arguments else f"{name}_{key}"
            lines.append(printed(dict_of(self._networks(uses.network.children, shared)), 4, f"{variable} = "))
            items[key] = f"Section.of({variable})"
            shared = {**shared, uses.span: variable}
        for item in block.items:
            if isinstance(item, Block):
                items |= self._repeated(item, self.block(item, self._function(name, item), shared))
            elif not isinstance(item, Mark):
                items[item.name] = self._node(item, f"{name}_{item.name}", shared)
        body = printed(call("Section.of", dict_of(items)), 4, "return ")
        self.functions[name] = "\n".join([f"def {name}({', '.join(arguments)}) -> Section:", *lines, body])
        return call(name, *arguments)

    def _function(self, around: str, block: Block) -> str:
        """A name for a block's function: its path, numbered where only this iteration is so."""
        name = f"{around.removesuffix('_body').removesuffix('body')}_{block.name}".replace("__", "_")
        name = name if block.first is None or block.times > 1 else f"{name}{block.first}"
        return name if name not in self.functions else next(f"{name}_{i}" for i in count(2) if f"{name}_{i}" not in self.functions)

    def _repeated(self, item: Block | Network, made: Expression) -> dict[str, Expression]:
        names = item.names()
        if len(names) == 1:
            return {names[0]: made}
        return {f"**{names[0]}": numbered(item.name, made, item.first, item.times)}

    def _node(self, item: Step | End, name: str, shared: Mapping[Span, str]) -> Expression:
        networks: dict[str, Expression] = {field: self._network(network, shared) for field, network in item.networks.items()}
        if isinstance(item, Step):
            networks |= {field: self.flow(check(flow), f"{name.removeprefix('make_')}_{field}_") for field, flow in item.flows.items()}
        given, state = tuple(state.shape for state in item.given_states), item.entering
        word = self.values.written(item.word, given={"x": state, "z": state})
        more = [self.values.written(item.readers)] if isinstance(item, Step) and item.word.holds else []
        states = self.values.written(state, home(item.word))
        return call(self.values.names[home(item.word)], word, states, self.values.written(given), dict_of(networks), *more)

    # ----------------------------------------------------------------------------------------------------------- networks

    def _network(self, node: Network, shared: Mapping[Span, str]) -> Expression:
        children = shared[node.span] if isinstance(node.word, Share) else dict_of(self._networks(node.children, shared))
        word = self.values.written(node.word, given={"ports": node.ports})
        return call(self.values.names[home(node.word)], word, self.values.written(node.ports, home(node.word)), children)

    def _networks(self, children: tuple[Network, ...], shared: Mapping[Span, str]) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        for child in children:
            found |= self._repeated(child, self._network(child, shared))
        return found

    def _context(self, context: ContextNode) -> Expression:
        modules: dict[str, Expression] = {}
        if context.word is not None:
            modules["input"] = call(self.values.names[home(context.word)], self.values.written(context.word))
        if context.network is not None:
            modules["network"] = self._network(context.network, {})
        return call("Section.of", dict_of(modules))

    # --------------------------------------------------------------------------------------------------------- operations

    def _constant(self, name: str, nodes: list[Node], *, sampling: bool) -> str:
        """The name of a table of operations, which is written."""
        reading = (lambda node: node.outputs) if sampling else (lambda node: node.inputs)
        given = needed_to_sample if sampling else (lambda node: node.given)
        drops = last_read(nodes, lambda node: (*reading(node), *given(node)))
        rows = [_operation(node, given(node), dropped) for node, dropped in zip(nodes, drops) if not isinstance(node.item, Mark)]
        table = printed(tuple_of(rows), 0, f"{name.upper()} = ")
        self.functions[name.upper()] = table
        return name.upper()


def _operation(node: Node, given: tuple[int, ...], drops: tuple[int, ...]) -> Expression:
    ends = isinstance(node.item, End)
    flags = {"ends": "True"} if ends else {"inverted": "True"} if node.item.inverted else {}
    named = {"given": repr(given)} if given else {}
    return call("Operation", f'"{node.path}"', repr(node.inputs), repr(node.outputs), **named, drops=repr(drops), **flags)

"""The graph: what a spec says once every name, number and shape in it is known.

A graph is a tree of blocks, steps and networks, as the author wrote it; equal iterations in a row are one block with
`times`. Steps read and write named slots (`main`, taps, wires, contexts), as registers. `expand` writes it out: one node for
each step of each iteration, joined by numbered wires.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, TypeVar

import networkx as nx
from pydantic import BeforeValidator, Field, SerializeAsAny

from flowspec.source import Span
from flowspec.vocabulary.rules import Frozen, Ports, State
from flowspec.vocabulary.settings.runs import AnySetting, PhaseOptions
from flowspec.vocabulary.word import AnyInput, AnyNetwork, AnyPrior, AnyTransform

MAIN = "main"
COMPARISONS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
Held = TypeVar("Held")


class Network(Frozen):
    """A network with its shapes. A combinator's children are its body; a named `net` is a chain of that name."""

    name: str
    word: AnyNetwork
    ports: Ports
    children: tuple[Network, ...] = ()
    first: int | None = None
    """For an iteration of `repeat`: its number. Its name is then followed by `first`, `first + 1`, … for `times`."""
    times: int = 1
    span: Span

    def names(self) -> tuple[str, ...]:
        """The name of each of its `times` copies."""
        return numbered(self.name, self.first, self.times)


class Step(Frozen):
    """A transform at its place: the slots it reads and writes, what it is given, its networks."""

    node: Literal["step"] = "step"
    name: str
    word: AnyTransform
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    given: tuple[str, ...] = ()
    before: tuple[State, ...]
    after: tuple[State, ...]
    given_states: tuple[State, ...] = ()
    readers: tuple[str, ...] = ()
    """For a step that holds distributions: whose each condition is, "" for the step's own."""
    networks: dict[str, Network] = {}
    flows: dict[str, Graph] = {}
    """The flows within the step, by argument."""
    inverted: bool = False
    """Inside `inverse { }`: the normalising direction of the flow is the inverse of this transform."""
    span: Span

    @property
    def domain(self) -> State:
        """The state x that the word's rules speak of: what enters the transform as it is declared."""
        return self.after[0] if self.inverted else self.before[0]

    @property
    def entering(self) -> State | tuple[State, ...]:
        """What its module is made for: that state, or of several wires the tuple of theirs."""
        return self.domain if len(self.before) == 1 else self.before


class End(Frozen):
    """A prior at its place: ends the wire it reads."""

    node: Literal["end"] = "end"
    name: str
    word: AnyPrior
    reads: tuple[str, ...]
    given: tuple[str, ...] = ()
    before: tuple[State, ...]
    given_states: tuple[State, ...] = ()
    networks: dict[str, Network] = {}
    span: Span

    @property
    def entering(self) -> State:
        """What its module is made for."""
        return self.before[0]


class Mark(Frozen):
    """A tap: copies one slot to another, where later steps find it as a condition."""

    node: Literal["mark"] = "mark"
    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    before: tuple[State, ...]
    span: Span


class Block(Frozen):
    """A named section: a part, a call of a `def`, an iteration, a body."""

    node: Literal["block"] = "block"
    kind: Literal["flow", "part", "def", "repeat", "for", "inverse", "on"]
    name: str
    items: tuple[Annotated[Block | Step | End | Mark, Field(discriminator="node")], ...] = ()
    first: int | None = None
    """For an iteration: its number. Its name is then followed by `first`, `first + 1`, … for `times`."""
    times: int = 1
    span: Span

    def names(self) -> tuple[str, ...]:
        """The name of each of its `times` copies."""
        return numbered(self.name, self.first, self.times)


Item = Block | Step | End | Mark


class ContextNode(Frozen):
    """A condition of the whole flow, known in both directions: its slot is its name. It is given, or computed from another."""

    name: str
    word: AnyInput | None
    """What is given from outside, of a context that is."""
    origin: str | None = None
    """The context before it that it is computed from, of one that is not given."""
    state: State
    """What the networks of the flow read: the output of `network` if there is one."""
    network: Network | None = None
    span: Span

    @property
    def asked(self) -> bool:
        """Whether its value comes from outside."""
        return self.origin is None and not self.word.constant


class Contract(Frozen):
    """An `expect`: its text, the two sides' values where they are known before the report, and its place."""

    text: str
    fact: str
    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    value: int | float | str | bool | tuple[int, ...]
    subject: str | None = None
    span: Span

    def holds(self, found: int | str) -> bool:
        """Whether it is met where its fact is what was found."""
        return COMPARISONS[self.operator](found, self.value)


class Phase(Frozen):
    """A phase of training, with the parts that it freezes and those that it leaves out."""

    name: str
    options: Annotated[SerializeAsAny[PhaseOptions], BeforeValidator(PhaseOptions.read)] = PhaseOptions()
    frozen: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    span: Span | None = None


class Graph(Frozen):
    """An elaborated flow."""

    name: str
    parameters: dict[str, int | float | str | bool | tuple] = {}
    input: AnyInput
    input_state: State
    input_span: Span
    contexts: tuple[ContextNode, ...] = ()
    body: Block
    contracts: tuple[Contract, ...] = ()
    settings: dict[str, AnySetting] = {}
    setting_spans: dict[str, Span] = {}
    """The place of each argument of a setting: `train.target`."""
    phases: tuple[Phase, ...] = ()

    @property
    def given_contexts(self) -> tuple[ContextNode, ...]:
        """The contexts whose values come from outside."""
        return tuple(context for context in self.contexts if context.asked)


class Node(NamedTuple):
    """A step, prior or tap of the expanded graph. Wires are numbered; 0 is the data, contexts follow."""

    path: str
    item: Step | End | Mark
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    given: tuple[int, ...]
    blocks: tuple[Block, ...]


def numbered(name: str, first: int | None, times: int) -> tuple[str, ...]:
    """The names of `times` copies counted from `first`, or the name alone."""
    return (name,) if first is None else tuple(f"{name}{first + i}" for i in range(times))


def needed_to_sample(node: Node) -> tuple[int, ...]:
    """The conditions that a node needs in the sampling direction."""
    return node.given if isinstance(node.item, Mark | End) else of_sampling(node.item, node.given)


def of_sampling(step: Step, given: tuple[Held, ...]) -> tuple[Held, ...]:
    """Of a step's conditions, in whatever form, those that the sampling direction needs."""
    facts = step.word.facts(step.domain)
    if facts.sampling_needs_given:
        return given
    return tuple(condition for condition, reader in zip(given, step.readers) if reader in facts.sampling_readers)


def expand(graph: Graph) -> tuple[Node, ...]:
    """Every step, prior and tap in the normalising order, each iteration on its own, with numbered wires."""
    slots = {MAIN: 0} | {context.name: i + 1 for i, context in enumerate(graph.contexts)}
    nodes: list[Node] = []
    count = len(slots)
    for path, item, blocks in walk(graph.body):
        inputs = tuple(slots[slot] for slot in item.reads)
        given = () if isinstance(item, Mark) else tuple(slots.get(slot, -1) for slot in item.given)
        writes = () if isinstance(item, End) else item.writes
        outputs = inputs if isinstance(item, Mark) else tuple(range(count, count + len(writes)))
        count += 0 if isinstance(item, Mark) else len(writes)
        slots.update(zip(writes, outputs))
        nodes.append(Node(path, item, inputs, outputs, given, blocks))
    return tuple(_with_later_taps(nodes, slots))


def _with_later_taps(nodes: list[Node], slots: dict[str, int]) -> Iterator[Node]:
    """A condition on a state that is tapped further down is known only once the whole graph has been walked."""
    for node in nodes:
        if -1 in node.given:
            given = tuple(slots[slot] if wire == -1 else wire for slot, wire in zip(node.item.given, node.given))
            node = node._replace(given=given)
        yield node


def walk(block: Block, path: str = "", blocks: tuple[Block, ...] = ()) -> Iterator[tuple[str, Step | End | Mark, tuple[Block, ...]]]:
    """Every step, prior and tap below a block, with its path and the blocks around it."""
    inner = (*blocks, block)
    for item in block.items:
        if isinstance(item, Block):
            for name in item.names():
                yield from walk(item, f"{path}{name}.", inner)
        else:
            yield f"{path}{item.name}", item, inner


def part_paths(block: Block, name: str, path: str = "") -> Iterator[str]:
    """The paths of the parts of a name, copy by copy."""
    for item in block.items:
        if isinstance(item, Block):
            for copy in item.names():
                if item.kind == "part" and item.name == name:
                    yield f"{path}{copy}"
                else:
                    yield from part_paths(item, name, f"{path}{copy}.")


def networkx_view(graph: Graph) -> nx.DiGraph:
    """The expanded graph in the normalising direction: nodes by path, `input` and contexts by name, edges with their states."""
    view = nx.DiGraph()
    view.add_node("input", state=graph.input_state)
    maker = {0: "input"}
    for i, context in enumerate(graph.contexts):
        view.add_node(context.name, state=context.state)
        maker[i + 1] = context.name
        if context.origin is not None:
            view.add_edge(context.origin, context.name, state=context.network.ports.input, role="condition")
    nodes = [node for node in expand(graph) if not isinstance(node.item, Mark)]
    for node in nodes:
        view.add_node(node.path, item=node.item)
        maker.update(dict.fromkeys(node.outputs, node.path))
    for node in nodes:
        for wire, state in zip(node.inputs, node.item.before):
            view.add_edge(maker[wire], node.path, state=state, role="wire")
        for wire, state in zip(node.given, node.item.given_states):
            if not view.has_edge(maker[wire], node.path):
                view.add_edge(maker[wire], node.path, state=state, role="condition")
    return view

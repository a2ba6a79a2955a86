"""The graph: what a spec says once every name, number and shape in it is known.

A graph is a tree of blocks, steps and networks, as the author wrote it; equal iterations in a row are one block with
`times`. Steps read and write named slots (`main`, taps, wires, contexts), as registers. `expansion` writes it out.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from flowspec.source import Span
from flowspec.vocabulary.rules import Frozen, Ports, State
from flowspec.vocabulary.settings.runs import AnySetting, PhaseOptions
from flowspec.vocabulary.word import AnyInput, AnyNetwork, AnyPrior, AnyTransform

MAIN = "main"
COMPARISONS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


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


def numbered(name: str, first: int | None, times: int) -> tuple[str, ...]:
    """The names of `times` copies counted from `first`, or the name alone."""
    return (name,) if first is None else tuple(f"{name}{first + i}" for i in range(times))


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

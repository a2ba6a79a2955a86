"""A body being elaborated, and the states that it can name: open wires, taps and contexts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flowspec.diagnostics import Label, SpecError
from flowspec.elaborate.trails import Trail
from flowspec.elaborate.values import Known, Scope, fail
from flowspec.graph import MAIN, Item
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import State


@dataclass
class Section:
    """A body being elaborated: its scope, its items so far, how often each name has been used, and the names that are taken."""

    scope: Scope
    items: list[Item]
    counts: dict[str, int]
    taken: set[str] = field(default_factory=set)

    def named(self, name: str) -> str:
        """A name of its own for a new item: `actnorm`, `actnorm2`, …"""
        count = self.counts.get(name, 0) + 1
        while (found := name if count == 1 else f"{name}{count}") in self.taken:
            count += 1
        self.counts[name] = count
        self.taken.add(found)
        return found

    def number(self, name: str) -> int:
        """The number of a new iteration, counted through the section; `step1` may be the name of something else."""
        count = self.counts.get(name, 0) + 1
        while f"{name}{count}" in self.taken:
            count += 1
        self._take(name, (count,))
        return count

    def numbers_follow(self, name: str, times: int) -> bool:
        """Takes the next `times` numbers of a name for iterations; False, and none taken, where one is not free."""
        count = self.counts.get(name, 0)
        numbers = range(count + 1, count + times + 1)
        if any(f"{name}{number}" in self.taken for number in numbers):
            return False
        self._take(name, numbers)
        return True

    def _take(self, name: str, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.taken.add(f"{name}{number}")
            self.counts[name] = number


@dataclass
class Wire:
    """An open wire: its state (None when an error hides it), the statement that opened it, and how its shape came about."""

    state: State | None
    span: Span
    trail: Trail | None = None


@dataclass
class Frame:
    """What a flow or a call of a `def` can name. `depth` keeps the slots of nested frames apart."""

    depth: int
    taps: dict[str, Known | list[Known]] = field(default_factory=dict)
    wires: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, Known] = field(default_factory=dict)
    later: dict[str, Known] = field(default_factory=dict)
    """Taps that stand further down, as the last pass found them."""
    awaited: set[str] = field(default_factory=set)
    """Taps further down that this pass has asked for in vain."""

    def slot(self, name: str) -> str:
        """The slot that a name of this frame stands for."""
        return name + "'" * self.depth


@dataclass
class Slots:
    """The open wires by slot, and the slot that statements act on."""

    open: dict[str, Wire]
    current: str = MAIN
    ended: Span | None = None
    """The prior that ended the current wire, if one has."""

    def wire(self, span: Span) -> Wire:
        """The wire that a statement acts on. Raises SpecError when there is none."""
        if self.current in self.open:
            return self.open[self.current]
        if any(wire.state is None for wire in self.open.values()):
            raise SpecError(())
        others = sorted(slot for slot in self.open if slot != self.current)
        if others:
            names = ", ".join(f"`{name}`" for name in others)
            raise fail(
                "FS501", f"no current wire: it was split into {names}", span,
                help=(f"act on one with `on {others[0]} {{ … }}`, or join them with `merge({', '.join(others)})`",),
            )  # fmt: skip
        ended = (Label(self.ended, "the prior ends the wire here"),) if self.ended else ()
        repeated = self.ended is not None and self.ended.start > span.start
        help = "take the prior out of what is repeated, and put it behind the `}`" if repeated else "a prior is the last statement of its wire: move it below this one, or take this one out"
        raise fail("FS502", "no state is left here: the prior has ended the wire", span, secondary=ended, help=(help,))

    def blur(self, span: Span, state: State | None, reopen: bool) -> None:
        """After a fault the current wire has this state, None if it is not known; one that is missing is reopened, so that it is missed once."""
        if self.current in self.open:
            self.open[self.current].state = state
        elif reopen:
            self.open[self.current] = Wire(None, span)

    def unknown(self) -> dict[str, Wire]:
        """The open wires as they are to be taken after a fault: their states are not known."""
        return {slot: Wire(None, wire.span) for slot, wire in self.open.items()}

    def snapshot(self) -> tuple:
        """What a repetition must leave as it was for its next iteration to be the same."""
        return self.current, tuple((slot, wire.state) for slot, wire in self.open.items())


def tap_names(body: tree.Body) -> set[str]:
    """The names of all taps in a body, with those of the bodies in it."""
    names, stack = set(), [body]
    while stack:
        for statement in stack.pop().statements:
            if isinstance(statement, tree.Tap):
                names.add(statement.name.name)
            stack += bodies(statement)
    return names


def bodies(statement: tree.Statement) -> list[tree.Body]:
    """The bodies of a statement: more than one for an `if` with an `else`."""
    return [body for body in (getattr(statement, "body", None), getattr(statement, "otherwise", None)) if body]


def chosen(statement: tree.If, holds: bool | None) -> tuple[tree.Body, ...]:
    """The body of an `if` that its condition chooses, if it has one; both where it is not known whether it holds."""
    bodies = (statement.body, statement.otherwise) if holds is None else (statement.body if holds else statement.otherwise,)
    return tuple(filter(None, bodies))

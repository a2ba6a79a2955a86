"""Values of expressions, and the scopes in which names have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.examples import example
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import State

LONGEST = 10_000
"""No list in a spec may be longer, and nothing repeated more often."""
DEEPEST = 32
"""Lists within lists go no deeper."""


@dataclass(frozen=True)
class Symbol:
    """A name that no scope binds: a choice, or a word without arguments."""

    name: str
    span: Span
    scope: Scope | None = field(default=None, compare=False, repr=False)
    """Where the name was looked up in vain, for messages."""


@dataclass(frozen=True)
class Symbols:
    """Names joined by `+`: `concat+bias+gate`."""

    names: tuple[Symbol, ...]


@dataclass(frozen=True)
class Deferred:
    """A call or composition whose meaning depends on where it is used, with the scope of its names."""

    expression: tree.Call | tree.Compose
    scope: Scope


@dataclass(frozen=True)
class Known:
    """A state that can be a condition: a tap, a wire or a context."""

    slot: str
    state: State | None
    """None while the state is not known yet."""


@dataclass(frozen=True)
class Lost:
    """What a faulty `let` would have named: whatever needs it stays silent."""


LOST = Lost()
Value = int | float | bool | str | list | dict | Symbol | Symbols | Deferred | Known | Lost


@dataclass
class Scope:
    """Names and their values; `states` finds taps, wires and contexts."""

    values: Mapping[str, Value]
    outer: Scope | None = None
    states: Callable[[str], Known | list[Known] | None] = field(default=lambda name: None)
    owner: tuple[str, str, str] | None = None
    """Kind and name of the definition whose body this is, and what stands for its parameters before another one."""
    written: Mapping[str, Span] = field(default_factory=dict)
    """Where the author wrote the values of parameters: in the call, or where that passes its own caller's on, there."""

    def find(self, name: str) -> Value | None:
        """The value of a name, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return self.states(name)

    def names(self) -> Iterator[str]:
        """All names that have values here."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.values
            scope = scope.outer

    def place(self, name: str) -> Span | None:
        """Where the value of a name was written, if it is a parameter's."""
        scope: Scope | None = self
        while scope is not None and name not in scope.values:
            scope = scope.outer
        return scope.written.get(name) if scope else None

    def inner(self, **values: Value) -> Scope:
        """A scope inside this one."""
        return Scope(values, self, self.states, self.owner)


def fail(code: str, message: str, span: Span, *, label: str = "", **rest: object) -> SpecError:
    """An error with one diagnostic, to be raised."""
    return SpecError([Diagnostic(code, message, Label(span, label), **rest)])


def unknown(message: str, name: str, span: Span, known: Iterable[str], help: tuple[str, ...] = ()) -> SpecError:
    """An error for a name that stands for nothing here, with the nearest of those that are known."""
    near = nearest(name, known)
    if near is None:
        return fail("FS201", message, span, help=help)
    return fail("FS201", message, span, label=f"did you mean `{near}`?", fixes=(Fix(f"write `{near}`", span, near),))


def number(value: Value, span: Span) -> int | float:
    """The value if it is a number. Raises SpecError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unknown_or("a number", value, span)
    return value


def truth(value: Value, span: Span) -> bool:
    """The value if it is true or false. Raises SpecError otherwise."""
    if not isinstance(value, bool):
        raise unknown_or("true or false", value, span)
    return value


def unknown_or(needed: str, value: Value, span: Span, fixes: tuple[Fix, ...] = ()) -> SpecError:
    """An error for a value of the wrong type: an unbound name is called unknown."""
    if isinstance(value, Symbol):
        known = list(value.scope.names()) if value.scope else []
        return unknown(f"unknown name `{value.name}`: {needed} is needed here", value.name, value.span, known, _to_be_known(needed, value, known))
    return fail("FS207", f"{needed} is needed here, found {described(value)}", span, help=() if fixes else example(needed, value), fixes=fixes)


def _to_be_known(needed: str, value: Symbol, known: list[str]) -> tuple[str, ...]:
    """How a value can be had where a name has none: written out, of a known name, or through a parameter of the definition."""
    written = "8" if "number" in needed else "true" if "true" in needed else "[8, 16]"
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(known))
    instead = f"write it out, as `{written}`" + (f", or a name that is known here: {names}" if names else "")
    owner = value.scope.owner if value.scope else None
    if owner is None:
        return (instead, f"or name it above: `let {value.name} = {written}`")
    kind, name, others = owner
    if kind == "flow":
        return (instead, f"or make it a parameter, `flow {name}({others}{value.name}={written})`")
    takes = others + value.name
    return (instead, f"or make it a parameter, `{kind} {name}({takes})`, and give it where `{name}` is called: `{name}({takes})`")


def comparable(value: Value) -> object:
    """What `==` compares: names by their text, joined ones in whatever order, lists item by item."""
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Symbols):
        return {symbol.name for symbol in value.names}
    return [comparable(item) for item in value] if isinstance(value, list | tuple) else value


def described(value: Value) -> str:
    """A value in an author's words."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the text "{value}"'
        case list():
            return "a list"
        case dict():
            return "a table"
        case Symbol():
            return f"`{value.name}`"
        case Symbols():
            return "`" + "+".join(symbol.name for symbol in value.names) + "`"
        case Known():
            return "a state"
        case Deferred(expression=tree.Call(name=name)):
            return f"`{name}(…)`"
    return "a chain of networks"

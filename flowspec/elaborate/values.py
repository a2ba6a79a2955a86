"""Values of expressions, and the scopes in which names have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.elaborate.functions import FUNCTIONS, Unfit
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import State

LARGEST = 10**15
"""No whole number in a spec may be larger."""
LONGEST = 10_000
"""No list in a spec may be longer."""


@dataclass(frozen=True)
class Symbol:
    """A name that no scope binds: a choice, or a word without arguments."""

    name: str
    span: Span


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


Value = int | float | bool | str | list | dict | Symbol | Symbols | Deferred | Known


@dataclass
class Scope:
    """Names and their values; `states` finds taps, wires and contexts."""

    values: Mapping[str, Value]
    outer: Scope | None = None
    states: Callable[[str], Known | list[Known] | None] = field(default=lambda name: None)

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

    def inner(self, **values: Value) -> Scope:
        """A scope inside this one."""
        return Scope(values, self, self.states)


def fail(code: str, message: str, span: Span, *, label: str = "", **rest: object) -> SpecError:
    """An error with one diagnostic, to be raised."""
    return SpecError([Diagnostic(code, message, Label(span, label), **rest)])


def evaluate(expression: tree.Expression, scope: Scope) -> Value:
    """The value of an expression. Raises SpecError where it has none."""
    return _RULES[type(expression)](expression, scope)


def _number(expression: tree.Number, scope: Scope) -> Value:
    return _bounded(expression.value, expression.span)


def _plain(expression: tree.Text | tree.Truth, scope: Scope) -> Value:
    return expression.value


def _name(expression: tree.Name, scope: Scope) -> Value:
    value = scope.find(expression.name)
    return Symbol(expression.name, expression.span) if value is None else value


def _call(expression: tree.Call, scope: Scope) -> Value:
    function = FUNCTIONS.get(expression.name)
    if function is None:
        return Deferred(expression, scope)
    values = [evaluate(argument.value, scope) for argument in expression.arguments]
    try:
        return function(*values)
    except Unfit as error:
        raise fail("FS206", str(error), expression.span) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise fail("FS206", f"`{expression.name}` cannot take these values", expression.span) from error


def _compose(expression: tree.Compose, scope: Scope) -> Value:
    return Deferred(expression, scope)


def _listing(expression: tree.Listing, scope: Scope) -> Value:
    return [evaluate(item, scope) for item in expression.items]


def _table(expression: tree.Table, scope: Scope) -> Value:
    return {name.name: evaluate(value, scope) for name, value in expression.items}


def _range(expression: tree.Range, scope: Scope) -> Value:
    low, high = (number(evaluate(side, scope), side.span) for side in (expression.low, expression.high))
    if not isinstance(low, int) or not isinstance(high, int):
        raise fail("FS206", "both ends of a range must be whole numbers", expression.span)
    if high - low >= LONGEST:
        raise fail("FS804", f"the range {low}..{high} holds more than {LONGEST:_} numbers", expression.span)
    return list(range(low, high + 1))


def _unary(expression: tree.Unary, scope: Scope) -> Value:
    value = evaluate(expression.operand, scope)
    if expression.operator == "not":
        return not truth(value, expression.operand.span)
    return -number(value, expression.operand.span)


def _binary(expression: tree.Binary, scope: Scope) -> Value:
    operator = expression.operator
    left = evaluate(expression.left, scope)
    if operator in ("and", "or"):
        if truth(left, expression.left.span) == (operator == "or"):
            return operator == "or"
        return truth(evaluate(expression.right, scope), expression.right.span)
    right = evaluate(expression.right, scope)
    if operator in ("==", "!="):
        return (comparable(left) == comparable(right)) == (operator == "==")
    if operator == "+" and isinstance(left, Symbol | Symbols):
        return _symbols(left, right, expression)
    if operator == "+" and isinstance(left, list) and isinstance(right, list):
        return left + right
    return arithmetic(operator, number(left, expression.left.span), number(right, expression.right.span), expression.span)


def _symbols(left: Symbol | Symbols, right: Value, expression: tree.Binary) -> Symbols:
    if not isinstance(right, Symbol):
        raise fail("FS206", "names can only be joined to names", expression.right.span)
    return Symbols((*(left.names if isinstance(left, Symbols) else (left,)), right))


def _index(expression: tree.Index, scope: Scope) -> Value:
    items = _items(expression.value, scope)
    index = evaluate(expression.index, scope)
    if not isinstance(index, int) or not -len(items) <= index < len(items):
        raise fail("FS206", f"the list has {len(items)} items, counted from 0", expression.index.span)
    return items[index]


def _slice(expression: tree.Slice, scope: Scope) -> Value:
    items = _items(expression.value, scope)
    ends = [None if end is None else number(evaluate(end, scope), end.span) for end in (expression.low, expression.high)]
    return items[slice(*(None if end is None else int(end) for end in ends))]


def _items(expression: tree.Expression, scope: Scope) -> list:
    value = evaluate(expression, scope)
    if not isinstance(value, list):
        raise fail("FS206", f"only a list has items; this is {described(value)}", expression.span)
    return value


_RULES: dict[type, Callable[[object, Scope], Value]] = {
    tree.Number: _number,
    tree.Text: _plain,
    tree.Truth: _plain,
    tree.Name: _name,
    tree.Call: _call,
    tree.Compose: _compose,
    tree.Listing: _listing,
    tree.Table: _table,
    tree.Range: _range,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Index: _index,
    tree.Slice: _slice,
}

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


def unknown_or(needed: str, value: Value, span: Span) -> SpecError:
    """An error for a value of the wrong type: an unbound name is called unknown."""
    if isinstance(value, Symbol):
        return fail("FS201", f"unknown name `{value.name}`: {needed} is needed here", value.span)
    return fail("FS207", f"{needed} is needed here, found {described(value)}", span)


def arithmetic(operator: str, a: int | float, b: int | float, span: Span) -> int | float | bool:
    """One operation on two numbers; `/` gives a whole number where it comes out even."""
    if operator in ("/", "//", "%") and b == 0:
        raise fail("FS206", "division by zero", span)
    if operator == "^" and (abs(b) > 64 or (a == 0 and b < 0)):
        raise fail("FS804", f"{a}^{b} is out of bounds: exponents go up to 64", span)
    return _bounded(_OPERATIONS[operator](a, b), span)


def _divide(a: int | float, b: int | float) -> int | float:
    whole = isinstance(a, int) and isinstance(b, int) and a % b == 0
    return a // b if whole else a / b


_OPERATIONS: dict[str, Callable[[int | float, int | float], int | float | bool]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "^": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _bounded(value: int | float | bool, span: Span) -> int | float | bool:
    if isinstance(value, complex) or not abs(value) <= (LARGEST if isinstance(value, int) else float("inf")):
        raise fail("FS804", f"a number of this size is out of bounds: whole numbers go up to {LARGEST:.0e}", span)
    return value


def comparable(value: Value) -> object:
    """What `==` compares: names by their text, lists item by item."""
    if isinstance(value, Symbol):
        return value.name
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

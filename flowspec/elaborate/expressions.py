"""Evaluating: the value of an expression in a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError
from flowspec.elaborate.arithmetic import arithmetic, bounded
from flowspec.elaborate.functions import FUNCTIONS, Unfit
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.values import (
    DEEPEST,
    LONGEST,
    Deferred,
    Lost,
    Scope,
    Symbol,
    Symbols,
    Value,
    comparable,
    described,
    fail,
    number,
    truth,
)
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.syntax.format import write


def evaluate(expression: tree.Expression, scope: Scope) -> Value:
    """The value of an expression. Raises SpecError where it has none; what a parameter gave to that is shown where it was written."""
    try:
        return _RULES[type(expression)](expression, scope)
    except SpecError as error:
        raise type(error)(_followed(fault, expression, scope) for fault in error.diagnostics) from None


def _followed(fault: Diagnostic, expression: tree.Expression, scope: Scope) -> Diagnostic:
    if fault.code not in ("FS206", "FS804") or fault.primary.span != expression.span:
        return fault
    places = {name: scope.place(name) for name in _names(expression)}
    return replace(fault, secondary=(*fault.secondary, *(Label(place, f"`{name}` is given here") for name, place in places.items() if place)))


def _names(node: object) -> Iterator[str]:
    """The names in an expression."""
    if isinstance(node, tree.Name):
        yield node.name
    for part in node if isinstance(node, tuple) else (getattr(node, name) for name in getattr(node, "__slots__", ()) if name != "span"):
        if isinstance(part, tuple) or hasattr(part, "__slots__"):
            yield from _names(part)


def _number(expression: tree.Number, scope: Scope) -> Value:
    return bounded(expression.value, expression.span)


def _plain(expression: tree.Text | tree.Truth, scope: Scope) -> Value:
    return expression.value


def _name(expression: tree.Name, scope: Scope) -> Value:
    value = scope.find(expression.name)
    if isinstance(value, Lost):
        raise SpecError(())
    return Symbol(expression.name, expression.span, scope) if value is None else value


def _call(expression: tree.Call, scope: Scope) -> Value:
    function = FUNCTIONS.get(expression.name)
    if function is None:
        return Deferred(expression, scope)
    values = _each([argument.value for argument in expression.arguments], scope)
    try:
        return function(*values)
    except Unfit as error:
        raise fail("FS206", str(error), expression.span, help=(error.help,)) from None
    except (TypeError, ValueError, OverflowError) as error:
        found = " and ".join(described(value) for value in values) or "nothing"
        sole = write(expression.arguments[0].value) if expression.name == "len" and len(values) == 1 and type(values[0]) is int else ""
        raise fail("FS206", f"`{expression.name}` cannot take {found}", expression.span, help=tuple(filter(None, [_TAKES.get(expression.name)])),
                   fixes=(Fix("write the number itself", expression.span, sole),) if sole else ()) from error  # fmt: skip


def _compose(expression: tree.Compose, scope: Scope) -> Value:
    return Deferred(expression, scope)


def _listing(expression: tree.Listing, scope: Scope) -> Value:
    return _bounded_list(_each(expression.items, scope), expression.span)


def _table(expression: tree.Table, scope: Scope) -> Value:
    values = _each([value for _, value in expression.items], scope)
    table = {name.name: value for (name, _), value in zip(expression.items, values)}
    inner = next((value.span for name, value in expression.items if isinstance(table[name.name], dict)), None)
    if inner:
        raise fail("FS207", "a table cannot hold a table", inner, help=("a table gives numbers to names: `[vae: 0.5]`",))
    return table


def _range(expression: tree.Range, scope: Scope) -> Value:
    sides = (expression.low, expression.high)
    low, high = (number(value, side.span) for value, side in zip(_each(sides, scope), sides))
    if not isinstance(low, int) or not isinstance(high, int):
        raise fail("FS206", f"both ends of a range must be whole numbers; found {low}..{high}", expression.span,
                   fixes=(Fix("write whole numbers", expression.span, f"{int(low)}..{int(high)}"),), help=("`//` divides whole numbers and rounds down",))  # fmt: skip
    if high - low >= LONGEST:
        raise fail("FS808", f"the range {low}..{high} holds more than {LONGEST:_} numbers", expression.span, label=f"{high - low + 1:_} numbers",
                   help=(f"for example `{low}..{low + 99}`; what is the same each time is repeated: `repeat 100 {{ … }}`",))  # fmt: skip
    return list(range(low, high + 1))


def _unary(expression: tree.Unary, scope: Scope) -> Value:
    value = evaluate(expression.operand, scope)
    if expression.operator == "not":
        return not truth(value, expression.operand.span)
    return -number(value, expression.operand.span)


def _binary(expression: tree.Binary, scope: Scope) -> Value:
    operator = expression.operator
    if operator in ("and", "or"):
        return _logic(expression, scope)
    left, right = _each((expression.left, expression.right), scope)
    if operator in ("==", "!="):
        _not_hidden(left, right, expression.right)
        return (comparable(left) == comparable(right)) == (operator == "==")
    if operator == "+" and isinstance(left, Symbol | Symbols):
        return _symbols(left, right, expression)
    if operator == "+" and isinstance(left, list) and isinstance(right, list):
        return _bounded_list(left + right, expression.span)
    return arithmetic(operator, number(left, expression.left.span), number(right, expression.right.span), expression.span)


def _logic(expression: tree.Binary, scope: Scope) -> bool:
    """`and` or `or`; the right side is asked only where the left one does not decide."""
    faults = Gathered()
    decides = expression.operator == "or"
    left = faults.tried(lambda: truth(evaluate(expression.left, scope), expression.left.span))
    right = None if left is decides else faults.tried(lambda: truth(evaluate(expression.right, scope), expression.right.span))
    faults.end()
    return decides if left is decides else right


def _each(expressions: Sequence[tree.Expression], scope: Scope) -> list[Value]:
    """The values of several expressions. Raises SpecError with the faults of all."""
    faults = Gathered()
    values = [faults.tried(lambda: evaluate(expression, scope)) for expression in expressions]
    faults.end()
    return values


def _not_hidden(left: Value, right: Value, expression: tree.Expression) -> None:
    """A choice cannot be asked for by its name where that name stands for another value."""
    if isinstance(left, Symbol) and isinstance(expression, tree.Name) and expression.name == left.name and not isinstance(right, Symbol):
        raise fail("FS206", f"`{left.name}` is {described(right)} here, which never equals the name `{left.name}`", expression.span,
                   label=described(right), help=("give the choice, or the parameter, another name",))  # fmt: skip


def _symbols(left: Symbol | Symbols, right: Value, expression: tree.Binary) -> Symbols:
    if not isinstance(right, Symbol):
        names = " and ".join(f"`{symbol.name}`" for symbol in (left.names if isinstance(left, Symbols) else (left,)))
        raise fail("FS206", f"names can only be joined to names; found {described(right)}", expression.span,
                   label=f"{names} {'is the name' if isinstance(left, Symbol) else 'are names'} of no number here",
                   fixes=(Fix(f"leave `{write(expression.right)}` out", expression.span, write(expression.left)),))  # fmt: skip
    return Symbols((*(left.names if isinstance(left, Symbols) else (left,)), right))


def _index(expression: tree.Index, scope: Scope) -> Value:
    items = _items(expression, scope)
    index = evaluate(expression.index, scope)
    if type(index) is not int or not -len(items) <= index < len(items):
        last = f"it goes from 0 to {len(items) - 1}" if items else "the list is empty"
        raise fail("FS206", f"no item {index if type(index) is int else described(index)}: the list has {len(items)} item{'' if len(items) == 1 else 's'}", expression.index.span, label=last,
                   fixes=(Fix("take the last", expression.index.span, str(len(items) - 1)),) if items else ())  # fmt: skip
    return items[index]


def _slice(expression: tree.Slice, scope: Scope) -> Value:
    items = _items(expression, scope)
    return items[slice(*(None if end is None else _whole(end, scope) for end in (expression.low, expression.high)))]


def _whole(end: tree.Expression, scope: Scope) -> int:
    value = number(evaluate(end, scope), end.span)
    if not isinstance(value, int):
        raise fail("FS206", f"an end of a slice must be a whole number; found {value}", end.span, help=("round with `//`: `past[:count // 2]`",))
    return value


def _items(expression: tree.Index | tree.Slice, scope: Scope) -> list:
    whole = expression.value
    value = evaluate(whole, scope)
    if not isinstance(value, list):
        fixes = (Fix(f"write `{write(whole)}` alone", expression.span, write(whole)),) if isinstance(value, int | float) else ()
        raise fail("FS206", f"only a list has items; this is {described(value)}", whole.span, label=described(value), fixes=fixes,
                   help=() if fixes else ("a list is written `[64, 64]`",))  # fmt: skip
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
_TAKES = {"len": "`len` takes a list: `len([8, 16])`", "min": "`min` takes numbers: `min(8, width)`", "max": "`max` takes numbers: `max(8, width)`"}


def _bounded_list(items: list, span: Span) -> list:
    """The list, unless it is too long with all that the lists in it hold, or they nest too deeply."""
    count, waiting = 0, [(items, 1)]
    while waiting:
        held, depth = waiting.pop()
        count += len(held)
        if count > LONGEST:
            raise fail("FS808", f"a list holds at most {LONGEST:_} items, those of lists in it counted", span, label="this holds more")
        if depth > DEEPEST:
            raise fail("FS808", f"lists stand within lists at most {DEEPEST} deep", span, label="this is deeper")
        waiting += [(item, depth + 1) for item in held if isinstance(item, list)]
    return items

"""Expressions as text that a reader would write: on one line where it fits, else one item a line."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 120


@dataclass(frozen=True)
class Call:
    """What stands between an opening and a closing bracket; each item may have something before it, as `name=`."""

    opening: str
    items: tuple[tuple[str, Expression], ...]
    closing: str = ")"
    listed: bool = True
    """Whether a comma may follow the last item."""


Expression = str | Call


def call(function: str, *values: Expression, **named: Expression) -> Call:
    """function(values, name=value)."""
    return Call(f"{function}(", (*(("", value) for value in values), *((f"{name}=", value) for name, value in named.items())))


def tuple_of(values: list[Expression] | tuple[Expression, ...]) -> Call:
    """(values,)."""
    return Call("(", tuple(("", value) for value in values), ",)" if len(values) == 1 else ")")


def dict_of(items: dict[str, Expression]) -> Call:
    """{name: value}; a name that begins with `**` is that of a dict to unpack."""
    return Call("{", tuple(("**" if name.startswith("**") else f'"{name}": ', value) for name, value in items.items()), "}")


def numbered(name: str, value: Expression, first: int, times: int) -> Call:
    """{name1: value, …} with a value made anew for each number from `first` on."""
    return Call(f'{{f"{name}{{i}}": ', (("", value),), f" for i in range({first}, {first + times})}}", listed=False)


def flat(expression: Expression) -> str:
    """On one line."""
    if isinstance(expression, str):
        return expression
    return expression.opening + ", ".join(before + flat(item) for before, item in expression.items) + expression.closing


def printed(expression: Expression, indent: int = 0, before: str = "", after: str = "") -> str:
    """The lines of an expression, from its indent on; `before` and `after` stand on its first and last line."""
    line = " " * indent + before + flat(expression) + after
    if len(line) <= WIDTH or isinstance(expression, str) or not expression.items:
        return line
    *before_last, (name, last) = expression.items
    head = f"{before}{expression.opening}{''.join(f'{key}{flat(item)}, ' for key, item in before_last)}{name}"
    if isinstance(last, Call) and last.items and indent + len(head) + len(last.opening) <= WIDTH:
        # The last item's brackets open where those around it do: its own items then stand one step in, not two.
        return printed(last, indent, head, expression.closing + after)
    together = " " * (indent + 4) + ", ".join(name + flat(item) for name, item in expression.items)
    if expression.listed and len(together) <= WIDTH and len(expression.items) > 1 and not expression.opening.startswith("{"):
        return "\n".join((" " * indent + before + expression.opening, together, " " * indent + expression.closing.lstrip(",") + after))
    inner = [printed(item, indent + 4, name, "," if expression.listed else "") for name, item in expression.items]
    return "\n".join((" " * indent + before + expression.opening, *inner, " " * indent + expression.closing.lstrip(",") + after))

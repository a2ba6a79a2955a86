"""Writing: expressions as text, each in one spelling. Arithmetic is written tight; comparisons and logic with spaces."""

from __future__ import annotations

from collections.abc import Callable

from flowspec.syntax import tree
from flowspec.syntax.tree import Expression

Spelling = Callable[[tree.Number], str]
"""How a number is written."""

_SPACED = frozenset({"==", "!=", "<", "<=", ">", ">=", "and", "or"})
_COMPARING = 4
_LEVELS = {1: "or", 2: "and", 4: "== != < <= > >=", 6: "+ -", 7: "* / // %", 9: "^"}
_BINDING = {operator: level for level, operators in _LEVELS.items() for operator in operators.split()}
_POSTFIX = 10
_ATOM = 11


def plain(number: tree.Number) -> str:
    """A number in plain digits."""
    return str(number.value)


def write(expression: Expression, spell: Spelling = plain) -> str:
    """An expression as text, with no more parentheses than it needs."""
    match expression:
        case tree.Number():
            return spell(expression)
        case tree.Text():
            return f'"{expression.value}"'
        case tree.Truth():
            return "true" if expression.value else "false"
        case tree.Name():
            return expression.name
        case tree.Call():
            return f"{expression.name}({', '.join(_argument(argument, spell) for argument in expression.arguments)})"
        case tree.Listing():
            return f"[{', '.join(write(item, spell) for item in expression.items)}]"
        case tree.Table():
            return f"[{', '.join(f'{name.name}: {write(value, spell)}' for name, value in expression.items)}]"
        case _:
            return _operation(expression, spell)


def _argument(argument: tree.Argument, spell: Spelling) -> str:
    name = f"{argument.name}=" if argument.name else ""
    return name + write(argument.value, spell)


def _operation(expression: Expression, spell: Spelling) -> str:
    binding = _binding(expression)
    match expression:
        case tree.Compose():
            return " >> ".join(_within(part, 1, spell) for part in expression.parts)
        case tree.Range():
            return f"{_within(expression.low, binding + 1, spell)}..{_within(expression.high, binding + 1, spell)}"
        case tree.Unary():
            sign = "-" if expression.operator == "-" else "not "
            return sign + _within(expression.operand, binding, spell)
        case tree.Binary():
            return _binary(expression, binding, spell)
        case tree.Index():
            return f"{_within(expression.value, _POSTFIX, spell)}[{write(expression.index, spell)}]"
        case tree.Slice():
            low, high = (write(end, spell) if end else "" for end in (expression.low, expression.high))
            return f"{_within(expression.value, _POSTFIX, spell)}[{low}:{high}]"
    raise AssertionError(f"no expression: {expression}")


def _binary(expression: tree.Binary, binding: int, spell: Spelling) -> str:
    left, right = binding, binding + 1
    if binding == _COMPARING:
        left = right
    if expression.operator == "^":
        left, right = _POSTFIX, binding - 1  # 2^-1 and 2^3^4 need no parentheses; (-2)^3 and (2^3)^4 do
    operator = f" {expression.operator} " if expression.operator in _SPACED else expression.operator
    return _within(expression.left, left, spell) + operator + _within(expression.right, right, spell)


def _within(expression: Expression, binding: int, spell: Spelling) -> str:
    text = write(expression, spell)
    return f"({text})" if _binding(expression) < binding else text


def _binding(expression: Expression) -> int:
    """How tightly an expression holds together: the number of its rule in the grammar, the loosest first."""
    match expression:
        case tree.Compose():
            return 0
        case tree.Binary():
            return _BINDING[expression.operator]
        case tree.Unary():
            return 3 if expression.operator == "not" else 8
        case tree.Range():
            return 5
        case tree.Index() | tree.Slice():
            return _POSTFIX
    return _ATOM

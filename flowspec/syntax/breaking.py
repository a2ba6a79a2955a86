"""Breaking: a statement's first line over several lines, where it is too long for one."""

from __future__ import annotations

from flowspec.syntax import tree
from flowspec.syntax.write import Spelling, write

INDENT = "    "
WIDTH = 120


def break_expression(expression: tree.Expression, room: int, spell: Spelling) -> list[str]:
    """The lines of an expression: one if there is room, else one for each argument, item or network."""
    text = write(expression, spell)
    if len(text) <= room:
        return [text]
    inner = room - len(INDENT)
    match expression:
        case tree.Call(arguments=arguments) if arguments:
            items = [_break_argument(argument, inner, spell) for argument in arguments]
            return _bracketed(f"{expression.name}(", items, ")")
        case tree.Listing(items=items) if items:
            return _bracketed("[", [break_expression(item, inner, spell) for item in items], "]")
        case tree.Compose(parts=parts):
            return _chained([_break_part(part, inner, spell) for part in parts])
    return [text]


def break_parameters(head: str, parameters: list[str], room: int) -> list[str]:
    """The lines of a definition's head."""
    text = f"{head}({', '.join(parameters)})"
    return [text] if len(text) <= room else _bracketed(f"{head}(", [[parameter] for parameter in parameters], ")")


def _break_argument(argument: tree.Argument, room: int, spell: Spelling) -> list[str]:
    name = f"{argument.name}=" if argument.name else ""
    first, *rest = break_expression(argument.value, room - len(name) - 1, spell)
    return [name + first, *rest]


def _break_part(part: tree.Expression, room: int, spell: Spelling) -> list[str]:
    if isinstance(part, tree.Compose):
        return [f"({write(part, spell)})"]
    return break_expression(part, room - len(">> "), spell)


def _bracketed(opening: str, items: list[list[str]], closing: str) -> list[str]:
    ended = [[*lines[:-1], lines[-1] + ","] for lines in items[:-1]] + [items[-1]]
    return [opening, *(INDENT + line for lines in ended for line in lines), closing]


def _chained(parts: list[list[str]]) -> list[str]:
    first, *others = parts
    return [*first, *(INDENT + line for first_line, *rest in others for line in [f">> {first_line}", *rest])]

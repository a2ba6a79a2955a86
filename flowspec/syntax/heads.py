"""Heads: a statement as what stands before each of its bodies, and the bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowspec.syntax import tree
from flowspec.syntax.breaking import break_expression, break_parameters
from flowspec.syntax.words import KEYWORDS
from flowspec.syntax.write import Spelling, write


@dataclass(frozen=True)
class Head:
    """What stands before a body or, when there is none, the whole statement."""

    text: str
    """On one line."""
    lines: Callable[[int], list[str]]
    """On as many lines as fit into a width."""
    body: tree.Body | None = None


def heads(node: tree.Use | tree.Definition | tree.Statement, spell: Spelling) -> list[Head]:
    """The heads of a statement, in order: more than one for an `if` with an `else`."""
    match node:
        case tree.Use(path=path):
            return [_words(f'use "{path.value}"')]
        case tree.Definition():
            return [_definition(node, spell)]
        case tree.If():
            return _branches(node, spell)
        case tree.Tap(name=name, append=append):
            return [_words(f"tap {name.name}{'[]' if append else ''}")]
        case tree.Freeze(parts=parts) | tree.Bypass(parts=parts):
            return [_words(f"{type(node).__name__.lower()} {_names(parts)}")]
        case tree.Merge(wires=wires):
            return [_words(f"merge({_names(wires)})")]
        case tree.Part(name=name, body=body) | tree.On(wire=name, body=body):
            return [_words(f"{type(node).__name__.lower()} {name.name}", body)]
        case tree.Inverse(body=body):
            return [_words("inverse", body)]
        case _:
            return [_with_expression(node, spell)]


def _with_expression(node: tree.Statement, spell: Spelling) -> Head:
    match node:
        case tree.Do(value=value, names=names, body=body):
            opening, closing = "()" if _leading_word(value).upper() in KEYWORDS else ("", "")
            return _around(opening, value, closing + _output_names(names), spell, body)
        case tree.Input(value=value) | tree.Prior(value=value):
            return _around(f"{type(node).__name__.lower()} ", value, "", spell)
        case tree.Expect(condition=condition):
            return _around("expect ", condition, "", spell)
        case tree.Context(value=value, name=name):
            return _around("context ", value, f" as {name.name}" if name else "", spell)
        case tree.Let(name=name, value=value):
            return _around(f"let {name.name} = ", value, "", spell)
        case tree.Repeat(count=count, body=body):
            return _around("repeat ", count, "", spell, body)
        case tree.For(name=name, values=values, body=body):
            return _around(f"for {name.name} in ", values, "", spell, body)
        case tree.Phase(name=name, arguments=arguments, body=body):
            return _around("phase ", _call(name, arguments), "", spell, body)
        case tree.Settings(name=name, arguments=arguments, body=body):
            return _around("", _call(name, arguments), "()" if not arguments and body is None else "", spell, body)
    raise AssertionError(f"no statement: {node}")


def _leading_word(value: tree.Expression) -> str:
    """The name that an expression begins with, if it begins with one: a keyword there would begin another statement."""
    match value:
        case tree.Name(name=name) | tree.Call(name=name):
            return name
        case tree.Compose(parts=(first, *_)) | tree.Binary(left=first) | tree.Range(low=first) | tree.Index(value=first) | tree.Slice(value=first):
            return _leading_word(first)
    return ""


def _around(start: str, value: tree.Expression, end: str, spell: Spelling, body: tree.Body | None = None) -> Head:
    def lines(room: int) -> list[str]:
        *before, last = break_expression(value, room - len(start) - len(end), spell)
        first, *others = [*before, last + end]
        return [start + first, *others]

    return Head(start + write(value, spell) + end, lines, body)


def _words(text: str, body: tree.Body | None = None) -> Head:
    return Head(text, lambda room: [text], body)


def _definition(node: tree.Definition, spell: Spelling) -> Head:
    start = f"{node.kind} {node.name.name}"
    if not node.parameters:
        return _words(start, node.body)
    parameters = [_parameter(parameter, spell) for parameter in node.parameters]
    return Head(f"{start}({', '.join(parameters)})", lambda room: break_parameters(start, parameters, room), node.body)


def _parameter(parameter: tree.Parameter, spell: Spelling) -> str:
    return parameter.name if parameter.default is None else f"{parameter.name}={write(parameter.default, spell)}"


def _branches(node: tree.If, spell: Spelling, start: str = "if ") -> list[Head]:
    head = _around(start, node.condition, "", spell, node.body)
    match node.otherwise:
        case None:
            return [head]
        case tree.Body(span=span, statements=(tree.If() as nested,)) if span == nested.span:
            return [head, *_branches(nested, spell, "else if ")]
    return [head, _words("else", node.otherwise)]


def _call(name: tree.Name, arguments: tuple[tree.Argument, ...]) -> tree.Expression:
    return tree.Call(name.span, name.name, name.span, arguments) if arguments else name


def _output_names(names: tuple[tree.Name, ...]) -> str:
    if not names:
        return ""
    return f" as {names[0].name}" if len(names) == 1 else f" as ({_names(names)})"


def _names(names: tuple[tree.Name, ...]) -> str:
    return ", ".join(name.name for name in names)

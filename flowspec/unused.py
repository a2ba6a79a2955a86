"""What a spec's text names and never uses. The spec is sound all the same: these are warnings.

Files that the text uses are a library to it, of which it need not use everything. A name counts as used wherever it stands as
a value in what the flow reaches, whatever it means there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from flowspec.diagnostics import Diagnostic, Label
from flowspec.loading import Program
from flowspec.source import Span
from flowspec.syntax import tree

_NAMING = frozenset({"name", "names", "wire", "wires"})
"""Fields that hold names which are no values: those that a statement gives, and those of wires."""


def unused(program: Program) -> tuple[Diagnostic, ...]:
    """A warning for each definition, parameter, value, tap and used file of the text that nothing needs, in its order."""
    reached = _reached(program)
    found = [_uncalled(definition) for definition in unreached(program)]
    found += [warning for definition in _own(program) for warning in _unread(definition)]
    found += [
        _warning(f"nothing of `{use.path.value}` is used", use.span, "take it out")
        for use in program.uses
        if use.span.file == program.flow.span.file and not _brings(program, use, reached)
    ]
    return tuple(sorted(found, key=lambda warning: warning.primary.span))


def unreached(program: Program) -> list[tree.Definition]:
    """The definitions of the text that its flow never calls."""
    reached = _reached(program)
    return [definition for definition in _own(program) if definition.name.name not in reached]


def _own(program: Program) -> list[tree.Definition]:
    return [definition for definition in program.definitions.values() if definition.span.file == program.flow.span.file]


def _reached(program: Program) -> set[str]:
    reached, waiting = {program.flow.name.name}, [program.flow]
    while waiting:
        called = (set(_names(waiting.pop())) & set(program.definitions)) - reached
        reached |= called
        waiting += [program.definitions[name] for name in called]
    return reached


def _brings(program: Program, use: tree.Use, reached: set[str]) -> bool:
    """Whether the file that is used, or one that it uses itself, defines something that is reached."""
    files: set[str] = set()
    waiting = {program.uses[use]}
    while waiting:
        files |= waiting
        waiting = {file for inner, file in program.uses.items() if inner.span.file in files} - files
    return any(program.definitions[name].span.file in files for name in reached)


def _uncalled(definition: tree.Definition) -> Diagnostic:
    name = f"{definition.kind} `{definition.name.name}`"
    if definition.kind == "flow":
        return _warning(f"{name} is never used: a file describes its first flow, which does not call it", definition.name.span, "put it first, or into a file of its own")
    return _warning(f"{name} is never used", definition.name.span, "call it, or take it out")


def _unread(definition: tree.Definition) -> Iterator[Diagnostic]:
    used = set(_names(definition))
    for parameter in definition.parameters:
        if parameter.name not in used:
            place = parameter.span._replace(end=parameter.span.start + len(parameter.name))
            yield _warning(f"parameter `{parameter.name}` of `{definition.name.name}` is never used", place, "use it, or take it out")
    for statement in statements(definition.body):
        if isinstance(statement, tree.Let | tree.Tap) and statement.name.name not in used:
            what = "value" if isinstance(statement, tree.Let) else "tap"
            yield _warning(f"{what} `{statement.name.name}` is never used", statement.name.span, "use it, or take it out")


def _warning(message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic("FS215", message, Label(span), help=(help,), severity="warning")


def statements(body: tree.Body | None) -> Iterator[tree.Statement]:
    """Every statement of a body and of those in it."""
    for statement in body.statements if body else ():
        yield statement
        yield from statements(getattr(statement, "body", None))
        yield from statements(getattr(statement, "otherwise", None))


def _names(node: Any) -> Iterator[str]:
    """The names of all values and calls within a node."""
    if isinstance(node, tuple) and not isinstance(node, Span):
        for item in node:
            yield from _names(item)
    elif is_dataclass(node):
        if isinstance(node, tree.Name | tree.Call):
            yield node.name
        for field in fields(node):
            if field.name not in _NAMING:
                yield from _names(getattr(node, field.name))

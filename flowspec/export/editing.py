"""Definitions as they stand in an exported file: their own text, with the names that they have there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from flowspec.export.shaking import Kept, is_declaration, named, pieces
from flowspec.export.sources import Definition, Module, Name, first_line, module
from flowspec.export.templates import CONSTRUCTOR, FLOW, PROVIDED

DECLARED = {"Shape": "tuple[int, ...]"}
"""Declarations that are more than plain values, in annotations."""
HOLDERS = ("word", "self.word")
GIVEN = ("x", "z", "ports")
"""What a rule of a word may be asked with: then its answer is known when the file is written."""


class Edit(NamedTuple):
    """What stands in place of the text between two places, (line from 1, byte)."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def written(name: Name, kept: Kept, names: Mapping[Name, str]) -> str:
    """The text of a definition."""
    if name in PROVIDED:
        return PROVIDED[name]
    source = module(name.module)
    definition = source.definitions[name.name]
    edits = sorted(_edits(name, names))
    parts = [_edited(source, first, last, edits) for first, last in _ranges(name, definition, kept)]
    return "\n".join(parts) + "\n" + (f"\n{CONSTRUCTOR}" if name == FLOW else "")


def asked_rules(node: ast.AST) -> Iterator[ast.Call]:
    """Questions to the rules of a word, as `word.widths(ports)`."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and ast.unparse(part.func.value) in HOLDERS and not part.keywords:
            if all(isinstance(argument, ast.Name) and argument.id in GIVEN for argument in part.args):
                yield part


def _ranges(name: Name, definition: Definition, kept: Kept) -> Iterator[tuple[int, int]]:
    """The lines that stay: of a class its head and what is kept of its body, each with the lines before it."""
    node = definition.node
    if not isinstance(node, ast.ClassDef):
        yield definition.first, definition.last
        return
    chosen = set(pieces(name, kept.attributes))
    yield definition.first, first_line(node.body[0]) - 1
    last = first_line(node.body[0]) - 1
    for statement in node.body:
        if statement in chosen:
            yield last + 1, statement.end_lineno
        last = statement.end_lineno


def _edited(source: Module, first: int, last: int, edits: list[Edit]) -> str:
    """Lines with their edits, of which none crosses another."""
    inside = [edit for edit in edits if first <= edit.start[0] and edit.end[0] <= last]
    places = [(first, 0), *(place for edit in inside for place in (edit.start, edit.end)), (last, len(source.lines[last - 1].encode()))]
    texts = [_between(source, *pair) for pair in list(pairwise(places))[::2]]
    return "".join(text + edit.text for text, edit in zip(texts, inside)) + texts[-1]


def _between(source: Module, start: tuple[int, int], end: tuple[int, int]) -> str:
    lines = [line.encode() for line in source.lines[start[0] - 1 : end[0]]]
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][start[1] :]
    return b"\n".join(lines).decode()


def _edits(name: Name, names: Mapping[Name, str]) -> Iterator[Edit]:
    node = module(name.module).definitions[name.name].node
    if names[name] != name.name:
        yield _heading(name, node, names[name])
    notes = [note for part in ast.walk(node) for note in _annotations(part)]
    inside = {part for note in notes for part in ast.walk(note)}
    for note in notes:
        text = _annotation(name, note, names)
        if text != ast.unparse(note):
            yield _edit(note, text)
    for call in asked_rules(node):
        yield _edit(call, ast.unparse(call.func))
    for expression, meaning in named(name, _scopes(node)):
        if expression not in inside and meaning in names and ast.unparse(expression) != names[meaning]:
            yield _edit(expression, names[meaning])


def _scopes(node: ast.stmt) -> list[ast.AST]:
    """Code in which one set of local names holds."""
    return [*node.body, *node.bases, *node.decorator_list] if isinstance(node, ast.ClassDef) else [node]


def _heading(name: Name, node: ast.stmt, new: str) -> Edit:
    line = module(name.module).lines[node.lineno - 1]
    start = len(line[: line.index(name.name, node.col_offset)].encode())
    return Edit((node.lineno, start), (node.lineno, start + len(name.name.encode())), new)


def _edit(node: ast.expr, text: str) -> Edit:
    return Edit((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset), text)


def _annotations(node: ast.AST) -> Iterable[ast.expr]:
    match node:
        case ast.arg() | ast.AnnAssign():
            found = [node.annotation]
        case ast.FunctionDef():
            found = [node.returns]
        case _:
            found = []
    return [annotation for annotation in found if annotation is not None]


def _annotation(owner: Name, note: ast.expr, names: Mapping[Name, str]) -> str:
    """An annotation in which declarations are plain."""
    if isinstance(note, ast.Constant):
        return ast.unparse(note)
    text = ast.unparse(note)
    for expression, meaning in named(owner, [note]):
        if isinstance(meaning, Name):
            new = names.get(meaning) or (DECLARED.get(meaning.name, "Plain") if is_declaration(meaning) else meaning.name)
            text = re.sub(rf"(?<![\w.]){re.escape(ast.unparse(expression))}(?!\w)", new, text)
    return re.sub(r"Plain( \| Plain)+", "Plain", text)

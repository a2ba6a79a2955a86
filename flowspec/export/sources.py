"""The source of flowspec's own modules, by top-level name: what `export` takes its definitions from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = "flowspec"


class Name(NamedTuple):
    """A top-level name of a module of flowspec; the module itself where `name` is empty."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class Definition:
    """A class, function or constant at the top of a module, with the lines it stands on (from 1, decorators and notes included)."""

    node: ast.stmt
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Module:
    """A module's text, its definitions, and what its imports mean: a name of flowspec, or an import statement of another library."""

    lines: tuple[str, ...]
    definitions: dict[str, Definition]
    imports: dict[str, Name | str]

    def meaning(self, module: str, name: str) -> Name | str | None:
        """What a global name stands for in this module; None for Python's own."""
        return Name(module, name) if name in self.definitions else self.imports.get(name)


@cache
def module(name: str) -> Module:
    """A module of flowspec, read and not run."""
    text = _file(name).read_text(encoding="utf-8")
    tree = ast.parse(text)
    return Module(tuple(text.splitlines()), dict(_definitions(tree)), dict(_imports(tree)))


def first_line(node: ast.stmt) -> int:
    """The line of a statement's first decorator, or its own."""
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    for node, after in zip(tree.body, [*tree.body[1:], None]):
        for name in _names(node):
            last = after.end_lineno if _is_note(after) and not isinstance(node, ast.ClassDef | ast.FunctionDef) else node.end_lineno
            yield name, Definition(node, first_line(node), last)


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name()):
            return [node.target.id]
    return []


def _is_note(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imports(tree: ast.Module) -> Iterator[tuple[str, Name | str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for alias in node.names:
                yield alias.asname or alias.name, _from(node.module, alias)


def _from(module: str, alias: ast.alias) -> Name | str:
    if module.split(".")[0] != PACKAGE:
        return f"from {module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
    inner = f"{module}.{alias.name}"
    return Name(inner, "") if _file(inner).exists() else Name(module, alias.name)


def _file(module: str) -> Path:
    """Where a module's text would be; finding it as Python does would run the packages around it."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

"""Which definitions an exported file needs: those that its modules name, and of classes the methods that something calls."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from flowspec.export.sources import Name, module
from flowspec.export.templates import PROVIDED, SKIPPED

LOOKED_UP = ("getattr", "hasattr")


@dataclass
class Kept:
    """What is needed so far: definitions, names of attributes that are read, imports of other libraries."""

    definitions: dict[Name, None] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)


def shaken(roots: Iterable[Name], called: Collection[str]) -> Kept:
    """Everything reachable from definitions whose methods `called` are called from outside."""
    kept, seen = Kept(dict.fromkeys(roots), set(called)), set()
    while True:
        fresh = [(name, piece) for name in tuple(kept.definitions) for piece in pieces(name, kept.attributes) if piece not in seen]
        if not fresh:
            return kept
        for name, piece in fresh:
            seen.add(piece)
            _take(kept, name, piece)


def pieces(name: Name, attributes: Collection[str]) -> Iterator[ast.stmt]:
    """The statements of a definition that are kept: of a class those that are no methods, and methods that are called."""
    node = module(name.module).definitions[name.name].node
    if not isinstance(node, ast.ClassDef):
        yield node
        return
    all_called = _is_of_torch(name, node)
    for statement in node.body:
        if not isinstance(statement, ast.FunctionDef) or all_called or _is_called(name, statement.name, attributes):
            yield statement


def _is_of_torch(name: Name, node: ast.ClassDef) -> bool:
    """Whether a base is of another library, which may call any method; `nn.Module` calls none but `forward`."""
    others = [base for base in node.bases if any(isinstance(meaning, str) for _, meaning in named(name, [base]))]
    return any(ast.unparse(base) != "nn.Module" for base in others)


def _is_called(owner: Name, method: str, attributes: Collection[str]) -> bool:
    return method not in SKIPPED.get(owner, ()) and (method.startswith("__") or method in attributes)


def _take(kept: Kept, owner: Name, piece: ast.stmt) -> None:
    node = module(owner.module).definitions[owner.name].node
    roots = [piece, *node.bases, *node.decorator_list] if isinstance(node, ast.ClassDef) else [piece]
    for part in (part for root in roots for part in ast.walk(root)):
        match part:
            case ast.Attribute():
                kept.attributes.add(part.attr)
            case ast.Call(func=ast.Name(id=function), args=[_, ast.Constant(value=str(text)), *_]) if function in LOOKED_UP:
                kept.attributes.add(text)
    for name in references(owner, roots):
        if isinstance(name, str):
            kept.imports.add(name)
        elif name not in PROVIDED and not is_declaration(name):
            kept.definitions.setdefault(name)


def is_declaration(name: Name) -> bool:
    """Whether a name is one of the compiler's own, which an exported file has plain values for; a function is taken over as it is."""
    if name.module.startswith("flowspec.modules"):
        return False
    definition = module(name.module).definitions.get(name.name)
    return definition is None or not isinstance(definition.node, ast.FunctionDef)


def references(owner: Name, roots: Iterable[ast.AST]) -> Iterator[Name | str]:
    """The names of flowspec, and the imports of other libraries, that code refers to."""
    for _, name in named(owner, roots):
        yield name


def named(owner: Name, roots: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, Name | str]]:
    """Each expression that is such a name, with what it means; `module.name` is one expression."""
    roots = list(roots)
    inside, hidden = module(owner.module), {local for root in roots for local in _locals(root)}
    stack = roots
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            meaning = inside.meaning(owner.module, node.value.id)
            if isinstance(meaning, Name) and not meaning.name:
                yield node, Name(meaning.module, node.attr)
                continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in hidden:
            meaning = inside.meaning(owner.module, node.id)
            if meaning is not None:
                yield node, meaning
        stack.extend(ast.iter_child_nodes(node))


def _locals(root: ast.AST) -> Iterator[str]:
    if not isinstance(root, ast.FunctionDef):
        return
    for node in ast.walk(root):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id

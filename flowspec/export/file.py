"""An exported file from its parts."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from functools import reduce
from keyword import iskeyword
from operator import or_

from flowspec.checked import CheckedGraph
from flowspec.export.editing import asked_rules, written
from flowspec.export.printing import printed
from flowspec.export.shaking import Kept, named, pieces, references, shaken
from flowspec.export.sources import Name, module
from flowspec.export.templates import FLOW, IMPORTS, MODULE_OF, OPERATIONS, PLAIN, PROVIDED
from flowspec.export.tree import Tree
from flowspec.export.values import Reads, Values, home
from flowspec.graph import Block, Graph, Mark, Network, Step
from flowspec.vocabulary.word import Word

CALLED = ("log_prob", "sample", "sample_with_log_prob", "forward", "inverse", "initialise", "of", "put", "at", "_assemble")
"""The methods that an exported flow is there for."""


def file_text(checked: CheckedGraph, text: str, overrides: Mapping[str, object]) -> str:
    """The whole file."""
    kept = shaken(dict.fromkeys((FLOW, *(home(word) for word in words(checked.graph)))), CALLED)
    names = _names(kept)
    tree = Tree(Values(_reads(kept), names | {name: name.name for name in PROVIDED}))
    made = tree.flow(checked, "")
    taken = {*dir(builtins), *tree.functions, "Plain", *tree.values.names.values(), *(line.split()[-1] for line in (*kept.imports, *IMPORTS))}
    name = checked.graph.name if checked.graph.name not in taken and not iskeyword(checked.graph.name) else f"{checked.graph.name}_flow"
    functions = _apart([*tree.functions.values(), _last(name, printed(made, 4, "return "))])
    return f"{_docstring(name, text, overrides)}\n{definitions(kept)}\n\n{functions}"


def definitions(kept: Kept) -> str:
    """Imports, classes, functions and constants."""
    names, order = _names(kept), _in_order(kept)
    first = {names[name]: name for name in reversed(order)}
    own = [written(name, kept, names) for name in order if first[names[name]] == name]
    return _apart(["from __future__ import annotations\n\n" + _imports(kept), PLAIN, *(PROVIDED[name] for name in (OPERATIONS, MODULE_OF)), *own])


def _apart(parts: list[str]) -> str:
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def words(graph: Graph) -> Iterator[Word]:
    """Every word whose module the flow of a graph is made of."""
    for context in graph.contexts:
        yield from () if context.word is None else _with_arguments(context.word)
        yield from () if context.network is None else _of_network(context.network)
    yield from _of_block(graph.body)


def _of_block(block: Block) -> Iterator[Word]:
    for item in block.items:
        if isinstance(item, Block):
            yield from _of_block(item)
        elif not isinstance(item, Mark):
            yield from _with_arguments(item.word)
            for network in item.networks.values():
                yield from _of_network(network)
            for flow in item.flows.values() if isinstance(item, Step) else ():
                yield from words(flow)


def _of_network(network: Network) -> Iterator[Word]:
    yield from _with_arguments(network.word)
    for child in network.children:
        yield from _of_network(child)


def _with_arguments(word: Word) -> Iterator[Word]:
    """A word and the maps and distributions that are its arguments."""
    yield word
    for name in type(word).model_fields:
        if isinstance(getattr(word, name), Word):
            yield from _with_arguments(getattr(word, name))


# ------------------------------------------------------------------------------------------------------------ definitions


def _names(kept: Kept) -> dict[Name, str]:
    """What each definition is called: as it is, unless another of that name says something else; the later ones then tell their home."""
    names: dict[Name, str] = {}
    for name in kept.definitions:
        first = next(other for other in kept.definitions if other.name == name.name)
        names[name] = name.name if ast.dump(_node(first)) == ast.dump(_node(name)) else _longer(name)
    return names


def _longer(name: Name) -> str:
    home = name.module.rsplit(".", 1)[1]
    role = name.module.split(".")[2].removesuffix("s").title()
    return f"{name.name}{role}" if name.name[0].isupper() else f"{home}_{name.name.lstrip('_')}"


def _reads(kept: Kept) -> dict[Name, Reads]:
    """What each definition reads of declarations: in its own code, and in that of what it names, which may be given them."""
    own = {name: _read_in(pieces(name, kept.attributes)) for name in kept.definitions}
    return {name: reduce(or_, (own[reached] for reached in _reached(name, kept))) for name in kept.definitions}


def _reached(name: Name, kept: Kept) -> dict[Name, None]:
    """A definition, and those that its code names, and so on."""
    found, waiting = {}, [name]
    while waiting:
        at = waiting.pop()
        if at in kept.definitions and at not in found:
            found[at] = None
            node = _node(at)
            code = [*pieces(at, kept.attributes), *(node.bases if isinstance(node, ast.ClassDef) else ())]
            waiting += [named for named in references(at, code) if isinstance(named, Name)]
    return found


def _read_in(statements: Iterator[ast.stmt]) -> Reads:
    parts = [part for statement in statements for part in ast.walk(statement)]
    attributes = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    calls = {part.func.id for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}
    asked = {(call.func.attr, tuple(argument.id for argument in call.args)) for part in parts for call in asked_rules(part)}
    return Reads(frozenset(attributes | ({"module"} if "module_of" in calls else set())), frozenset(asked))


def _node(name: Name) -> ast.stmt:
    return module(name.module).definitions[name.name].node


def _in_order(kept: Kept) -> list[Name]:
    """Definitions after those that they need when the file is read: bases, and what constants are made of."""
    ordered: dict[Name, None] = {}

    def put(name: Name) -> None:
        if name not in ordered and name in kept.definitions:
            for _, needed in named(name, _needed(name)):
                if isinstance(needed, Name) and needed != name:
                    put(needed)
            ordered[name] = None

    for name in sorted(kept.definitions, key=lambda name: (name == FLOW, name.module, _node(name).lineno)):
        put(name)
    return list(ordered)


def _needed(name: Name) -> list[ast.AST]:
    node = _node(name)
    match node:
        case ast.ClassDef():
            return [*node.bases, *node.decorator_list, *(part for part in node.body if isinstance(part, ast.Assign))]
        case ast.FunctionDef():
            return list(node.decorator_list)
    return [node]


# ------------------------------------------------------------------------------------------------------------------- text


def _imports(kept: Kept) -> str:
    lines: dict[str, set[str]] = {}
    for line in {line.split()[-1]: line for line in sorted({*kept.imports, *IMPORTS})}.values():  # one for each name that it gives
        head, _, names = line.partition(" import ")
        lines.setdefault(head if names else line, set()).add(names)
    merged = [f"{head} import {', '.join(sorted(names))}" if "" not in names else head for head, names in lines.items()]
    torch = [line for line in merged if "torch" in line]
    return "\n".join(sorted(set(merged) - set(torch), key=_import_order)) + "\n\n" + "\n".join(sorted(torch, key=_import_order))


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def _docstring(name: str, text: str, overrides: Mapping[str, object]) -> str:
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').strip("\n")
    given = "".join(f", {name} = {value}" for name, value in overrides.items())
    spec = f"\nThe spec{given}:\n\n{safe}\n" if safe else ""
    return f'''"""The flow `{name}` as one file of PyTorch, written by `flowspec export`.

    flow = {name}()
    flow.load_state_dict(safetensors.torch.load_file("best.safetensors"))    # weights of a run of flowspec
    flow.log_prob(x), flow.sample(16), flow(x), flow.inverse(z)
{spec}"""
'''


def _last(name: str, body: str) -> str:
    return f'def {name}() -> Flow:\n    """The flow with first weights from torch\'s generator."""\n{body}'

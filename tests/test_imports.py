"""What imports what: the compiler needs no torch, imports point down, and each word has its module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import flowspec.vocabulary
from flowspec.modules import module_of
from flowspec.vocabulary.word import Input, Map, NetworkWord, Prior, Transform, Word

ROOT = Path(__file__).parents[1]
FILES = sorted(path for path in (ROOT / "flowspec").rglob("*.py"))
LAYERS = (
    "source", "files", "plots", "diagnostics", "codes", "fixing", "syntax", "rendering", "vocabulary", "loading", "unused", "graph", "expansion", "sharing", "numbers", "checked", "facts", "terms", "bypass", "target", "bounded", "drawn",
    "elaborate", "report", "orders", "check", "compiler", "spec", "diagram", "export", "data", "modules", "verify", "quality", "train", "cli",
)  # fmt: skip
"""The packages and modules of flowspec from the bottom up; each imports itself and those before it."""
WITHOUT_TORCH = LAYERS[: LAYERS.index("export") + 1]
NEVER_ABOVE = ("torch", "flowspec.modules", "flowspec.train", "flowspec.verify", "flowspec.cli")
LAZY = {
    "flowspec/__init__.py": "the public names, each when it is asked for",
    "flowspec/spec.py": "each output is imported when it is asked for: only building needs torch",
    "flowspec/cli": "a command imports what it runs, so that `flowspec check` starts fast",
    "flowspec/orders.py": "networkx, whose import is a seventh of `check`, for the flow that has a cycle",
    "flowspec/expansion.py": "networkx, for the view alone",
    "flowspec/elaborate/sources.py": "numpy, which a spec without `data` never waits for",
    "flowspec/data": "scikit-learn, torchvision and Pillow, each for its sources alone",
    "flowspec/report/family.py": "matplotlib, for the curve alone",
    "flowspec/quality": "torchvision and scikit-learn, each for its features alone",
    "flowspec/train": "rich, for terminals alone",
}
"""Files and folders that may import inside functions, with the reason."""
MOST_MODULES = 500
"""That `report` may have imported, those of Python and of pydantic among them."""
LONGEST = 300
LONG = {
    "flowspec/syntax/tree.py": "one small class for each node of the tree",
}


class Imported(NamedTuple):
    """An import: its module, its line, whether a function makes it, and whether only type checkers do."""

    module: str
    line: int
    lazy: bool
    typing: bool


def imports(path: Path) -> tuple[Imported, ...]:
    """Every import of a file."""
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), False, False))


def _imports(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Imported]:
    if isinstance(node, ast.Import):
        yield from (Imported(alias.name, node.lineno, lazy, typing) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield Imported(node.module or "", node.lineno, lazy, typing)
    lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    typing = typing or isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, lazy, typing)


def layer(path: Path) -> str:
    """The package or module of flowspec that a file belongs to."""
    return path.relative_to(ROOT / "flowspec").parts[0].removesuffix(".py")


def file_of(module: str) -> Path:
    """The file, or the folder, of a module of flowspec."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def shown(path: Path) -> str:
    """A file as messages name it."""
    return path.relative_to(ROOT).as_posix()


@cache
def words() -> tuple[type[Word], ...]:
    """Every word that torch has to compute."""
    return tuple(word for role in (Input, Transform, Map, NetworkWord, Prior) for word in role.words.values())


each = pytest.mark.parametrize("path", FILES, ids=shown)


@pytest.mark.parametrize(
    "doing",
    [
        "import flowspec.vocabulary",
        "flowspec.load('glow')",
        "flowspec.load('glow').report()",
        "flowspec.load('glow').canonical",
        "import flowspec.diagram",
    ],
)
def test_the_compiler_needs_no_torch(doing: str) -> None:
    code = f"import sys, flowspec\n{doing}\nassert not {{'torch', 'flowspec.modules'}} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_sound_spec_is_checked_with_what_it_needs() -> None:
    """The start-up budget, without a clock: what is imported is nearly all of the time."""
    code = """if True:
        import contextlib, io, sys
        from flowspec.cli import main
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main(["report", "denseflow_74_10"])
        print(len(sys.modules), *{"torch", "networkx", "numpy", "rich", "matplotlib", "graphviz"} & {*sys.modules})
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    number, *heavy = done.stdout.split()
    assert heavy == [] and int(number) < MOST_MODULES


def test_every_module_has_a_layer() -> None:
    assert {layer(path) for path in FILES} - {"__init__"} <= set(LAYERS)


@each
def test_imports_point_down(path: Path) -> None:
    if path.name == "__init__.py" and path.parent.name == "flowspec":
        return
    allowed = LAYERS[: LAYERS.index(layer(path)) + 1]
    found = [item for item in imports(path) if item.module.startswith("flowspec.") and not item.lazy and not item.typing]
    assert not [item for item in found if layer(file_of(item.module)) not in allowed]


@each
def test_what_compiles_imports_no_torch(path: Path) -> None:
    if layer(path) in WITHOUT_TORCH and layer(path) != "spec":
        found = [
            item
            for item in imports(path)
            if any(item.module == name or item.module.startswith(f"{name}.") for name in NEVER_ABOVE)
        ]
        assert not found


def test_the_syntax_knows_no_words() -> None:
    files = [path for path in FILES if layer(path) == "syntax"]
    assert not [item for path in files for item in imports(path) if "vocabulary" in item.module]


@each
def test_imports_stand_at_the_top(path: Path) -> None:
    if not any(shown(path) == name or shown(path).startswith(f"{name}/") for name in LAZY):
        assert not [item for item in imports(path) if item.lazy]


@pytest.mark.parametrize("word", words(), ids=lambda word: f"{word.role}-{word.word}")
def test_every_word_has_a_module_at_the_same_path(word: type[Word]) -> None:
    module = module_of(word.model_construct())
    assert module.__name__ == word.__name__
    assert module.__module__.replace("flowspec.modules.", "flowspec.vocabulary.") == word.__module__


def test_every_role_is_looked_for() -> None:
    assert {word.__module__.split(".")[2] for word in words()} <= set(flowspec.vocabulary.ROLES)


@each
def test_files_are_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or shown(path) in LONG


def test_nothing_is_called_utils() -> None:
    assert not [shown(path) for path in FILES if path.stem in ("utils", "util", "helpers", "misc", "common")]

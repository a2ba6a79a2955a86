"""The parser that the grammar file makes, kept in the user's cache directory because making it takes a while."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import lark

from flowspec.syntax.build import Builder


class _EveryTerminal:
    """Keeps the terminals that no rule uses: the layout and the bad ones."""

    always_accept = ("NEWLINE", "SEMICOLON", "COMMENT", "BAD_NUMBER", "BAD_TEXT", "SMART_QUOTES", "BAD_CHARACTER")

    def process(self, stream: Iterator[lark.Token]) -> Iterator[lark.Token]:
        """The tokens as they are: the layout pass works on the whole text."""
        return stream


def grammar_text() -> str:
    """The grammar, as written."""
    return resources.files("flowspec.grammar").joinpath("flowspec.lark").read_text(encoding="utf-8")


@cache
def load_parser() -> lark.Lark:
    """The parser: from the cache if it is there, else made from the grammar and put there."""
    text = grammar_text()
    path = _cache_path(text)
    parser = _kept(path)
    if parser is None:
        parser = make_parser(text)
        _keep(parser, path)
    return parser


def make_parser(text: str, **options: Any) -> lark.Lark:
    """A parser of the grammar `text`, whose callbacks build the syntax tree."""
    return lark.Lark(text, parser="lalr", lexer="basic", start="file", keep_all_tokens=True, maybe_placeholders=False,
                     transformer=Builder(), postlex=_EveryTerminal(), **options)  # fmt: skip


def _cache_path(text: str) -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    python = "".join(map(str, sys.version_info[:2]))
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Path(root) / "flowspec" / f"grammar-{key}-lark{lark.__version__}-py{python}"


def _kept(path: Path) -> lark.Lark | None:
    # `Lark.load` takes no callbacks, and `Lark(cache=…)` does not write atomically; `_load` is what both of them call.
    try:
        with path.open("rb") as file:
            return lark.Lark.__new__(lark.Lark)._load(file, transformer=Builder(), postlex=_EveryTerminal())
    except Exception:  # whatever is wrong with the file, the parser can be made without it
        return None


def _keep(parser: lark.Lark, path: Path) -> None:
    """Writes the cache file, if its folder can be written to."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            draft = Path(folder) / path.name
            with draft.open("wb") as file:
                parser.save(file)
            os.replace(draft, path)  # so that another process never reads half a file

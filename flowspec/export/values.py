"""The compiler's values as plain ones: of a declaration, what the exported code reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

from flowspec.export.printing import Call, Expression, call, tuple_of
from flowspec.export.sources import Name
from flowspec.vocabulary.rules import Frozen
from flowspec.vocabulary.word import Transform, Word

SHORTEST_SEQUENCE = 12
"""Integers as many as these are looked at for a rule that gives them."""


def home(word: Word) -> Name:
    """The torch module of a word."""
    declared = type(word)
    return Name(declared.__module__.replace("flowspec.vocabulary.", "flowspec.modules."), declared.__name__)


@dataclass(frozen=True)
class Reads:
    """What the code of a module reads of its declaration: attributes, and rules with the names of what they are asked with."""

    attributes: frozenset[str] = frozenset()
    rules: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    def __or__(self, other: Reads) -> Reads:
        return Reads(self.attributes | other.attributes, self.rules | other.rules)


@dataclass(frozen=True)
class Values:
    """How values are written: what each exported definition reads, and what it is called."""

    reads: Mapping[Name, Reads]
    names: Mapping[Name, str]

    def written(self, value: Any, reader: Name | None = None, given: Mapping[str, Any] | None = None) -> Expression:
        """A value as its reader reads it, of a word as its own module does; rules of a word are asked with what is `given`."""
        reads = self.reads.get(reader, Reads())
        match value:
            case Word():
                return self._word(value, reads, given or {})
            case list() | tuple():
                return _sequence(value) or tuple_of([self.written(item, reader) for item in value])
        return self._plain(value, reads)

    def _plain(self, value: Any, reads: Reads) -> Expression:
        match value:
            case Word():
                return self._word(value, reads, {})
            case Frozen():
                return call("Plain", **{name: self._plain(getattr(value, name), reads) for name in _read(value, reads)})
            case list() | tuple():
                return _sequence(value) or tuple_of([self._plain(item, reads) for item in value])
            case str():
                return _quoted(value)
            case float() if value in (inf, -inf):
                return f'float("{value}")'
        return repr(value)

    def _word(self, word: Word, reads: Reads, given: Mapping[str, Any]) -> Call:
        own = reads | self.reads.get(home(word), Reads())
        held = word.held(given["x"]) if isinstance(word, Transform) and "x" in given else {}
        arguments: dict[str, Expression] = {}
        if home(word) in self.names and "module" in reads.attributes:
            arguments["module"] = self.names[home(word)]
        for name in _read(word, own):
            value = getattr(word, name)
            arguments[name] = self._word(value, own, {"z": held[name]}) if name in held else self._plain(value, own)
        for rule, asked in sorted(own.rules):
            if callable(getattr(word, rule, None)) and all(name in given for name in asked):
                arguments[rule] = self._plain(getattr(word, rule)(*(given[name] for name in asked)), own)
        return call("Plain", **arguments)


def _read(value: Frozen | Word, reads: Reads) -> list[str]:
    kind = type(value)
    derived = [name for name in dir(kind) if isinstance(getattr(kind, name), property | cached_property) and not name.startswith(("_", "model_"))]
    return [name for name in (*kind.model_fields, *derived) if name in reads.attributes]


def _quoted(text: str) -> str:
    return '"' + repr(text)[1:-1].replace('\\\'', "'").replace('"', '\\"') + '"'


def _sequence(values: list | tuple) -> str | None:
    """Integers in order, or the same run of them again and again, by rule."""
    if len(values) < SHORTEST_SEQUENCE or any(type(value) is not int for value in values):
        return None
    period = next(p for p in range(1, len(values) + 1) if all(a == b for a, b in zip(values, values[p:])))
    run, times = values[:period], -(-len(values) // period)
    if list(run) != list(range(run[0], run[0] + period)):
        return None
    once = f"tuple(range({run[0]}, {run[0] + period}))"
    if times == 1:
        return once
    return f"{once} * {times}" if times * period == len(values) else f"({once} * {times})[:{len(values)}]"

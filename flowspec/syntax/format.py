"""Formatting: a spec's text in its one canonical spelling, with its comments, its blank lines and its author's lines."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from flowspec.diagnostics import Diagnostic, Label, SpecError
from flowspec.source import Source
from flowspec.syntax import tree
from flowspec.syntax.parse import parse
from flowspec.syntax.printing import Printer
from flowspec.syntax.write import write

__all__ = ["format_text", "write"]


def format_text(source: Source) -> str:
    """The canonical text of a spec. Raises SpecError when the text has faults."""
    file, faults = parse(source)
    if faults:
        raise SpecError(faults)
    text = Printer(source, file).print()
    again, faults = parse(Source(source.name, text))
    if faults or _bare(again) != _bare(file):
        raise SpecError([_refusal(file)])
    return text


def _refusal(file: tree.File) -> Diagnostic:
    message = "the formatted text would not say the same, so the file is left as it is"
    help = "this is a bug of the formatter; please report it with the file"
    return Diagnostic("FS190", message, Label(file.span._replace(end=0)), help=(help,))


def _bare(value: Any) -> Any:
    """A tree without its places: what two texts must have in common to say the same, comments included."""
    if isinstance(value, tree.File):
        comments = tuple(text.rstrip() for _, text in value.comments)
        return comments, _bare(value.uses), _bare(value.definitions)
    if is_dataclass(value):
        names = (field.name for field in fields(value) if field.name not in ("span", "name_span"))
        return type(value), tuple((name, _bare(getattr(value, name))) for name in names)
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    return value

"""Mending: what can be written in the place of a call that a rule refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.syntax.format import write
from flowspec.vocabulary.rules import Fault


def from_fault(fault: Fault, name: str, arguments: Mapping[str, tree.Argument], span: Span, joint: str = "; ") -> SpecError:
    """The error for a rule that the call of a word does not meet, placed at the argument it names or else at the call.

    `joint` is what stands between the word and what is put before it.
    """
    place = arguments[fault.argument].span if fault.argument in arguments else span
    fixes = tuple(_fixes(fault, name, arguments, span, joint))
    return SpecError([Diagnostic(fault.code, fault.message, Label(place, fault.label), notes=fault.notes, help=fault.help, fixes=fixes)])


def _fixes(fault: Fault, name: str, arguments: Mapping[str, tree.Argument], span: Span, joint: str) -> Iterator[Fix]:
    if fault.arguments:
        yield Fix(_said(fault.arguments), span, changed_call(name, arguments, fault.arguments))
    if fault.before:
        yield Fix(f"put `{fault.before}` before it", Span(span.file, span.start, span.start), fault.before + joint)
    if fault.instead is not None:
        yield Fix(f"write `{fault.instead}`" if fault.instead else "leave it out", span, fault.instead)


def _said(changes: Mapping[str, str | None]) -> str:
    written = ", ".join(f"{name}={text}" for name, text in changes.items() if text is not None)
    left_out = ", ".join(f"`{name}`" for name, text in changes.items() if text is None)
    return f"write `{written}`" if written else f"leave {left_out} out"


def changed_call(name: str, arguments: Mapping[str, tree.Argument], changes: Mapping[str, str | None]) -> str:
    """A call as its author wrote it, with some arguments changed, added, or (None) left out; arguments behind these take their names."""
    parts, by_place = [], True
    for argument, text in {**{key: write(given.value) for key, given in arguments.items()}, **changes}.items():
        by_place = by_place and text is not None
        if text is not None:
            unnamed = by_place and argument in arguments and arguments[argument].name is None
            parts.append(text if unnamed else f"{argument}={text}")
    return f"{name}({', '.join(parts)})" if parts else name

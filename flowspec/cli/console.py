"""What the command line says, in colour on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TextIO

import click

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source

_COLOURS = (
    (re.compile(r"^(error|warning)(\[\w+\])?", re.MULTILINE), {"fg": "red", "bold": True}),
    (re.compile(r"^\s*(?:-->|:::).*$", re.MULTILINE), {"fg": "blue"}),
    (re.compile(r"(?<=\| )\s*\^+.*$", re.MULTILINE), {"fg": "red", "bold": True}),
    (re.compile(r"(?<=\| )\s*-{2,}.*$", re.MULTILINE), {"fg": "blue", "bold": True}),
    (re.compile(r"(?<== )(help|note|path):", re.MULTILINE), {"fg": "cyan", "bold": True}),
)


def show_faults(error: SpecError, stream: TextIO | None = None) -> None:
    """Prints every fault of a spec with its place in the text."""
    stream = stream or sys.stderr
    text = rendered(error.diagnostics, getattr(error, "sources", {}), "text")
    click.echo(coloured(text) if stream.isatty() else text, file=stream, nl=not text.endswith("\n"))


def rendered(diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source], form: str) -> str:
    """Diagnostics as `text`, `json` lines, `github` annotations or a `sarif` log."""
    from flowspec.rendering import github, jsonl, sarif, text

    return {"text": text, "json": jsonl, "github": github, "sarif": sarif}[form].render(diagnostics, sources)


def coloured(text: str) -> str:
    """Rendered diagnostics with the colours of a terminal."""
    for pattern, style in _COLOURS:
        text = pattern.sub(lambda match, style=style: click.style(match[0], **style), text)
    return text


def show_error(message: str) -> None:
    """Prints an error that has no place in a spec."""
    label = click.style("error", fg="red", bold=True) if sys.stderr.isatty() else "error"
    click.echo(f"{label}: {message}", err=True)

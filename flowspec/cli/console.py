"""What the command line says, in colour on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

import click

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source


def show_faults(error: SpecError, stream: TextIO | None = None) -> None:
    """Prints every fault of a spec with its place in the text."""
    show(error.diagnostics, error.sources, stream or sys.stderr)


def show(diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source], stream: TextIO) -> None:
    """Prints diagnostics as text, on a terminal in colour."""
    if stream.isatty():
        from rich.console import Console  # which only a terminal needs

        from flowspec.rendering.terminal import render_terminal

        render_terminal(diagnostics, sources, Console(file=stream))
    elif diagnostics:
        click.echo(rendered(diagnostics, sources, "text"), file=stream)


def rendered(diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source], form: str) -> str:
    """Diagnostics as `text`, `json` lines, `github` annotations or a `sarif` log."""
    from flowspec.rendering import github, jsonl, sarif, text

    return {"text": text, "json": jsonl, "github": github, "sarif": sarif}[form].render(diagnostics, sources)


def show_error(message: str) -> None:
    """Prints an error that has no place in a spec."""
    label = click.style("error", fg="red", bold=True) if sys.stderr.isatty() else "error"
    click.echo(f"{label}: {message}", err=True)

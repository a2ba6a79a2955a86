"""Diagnostics in colour, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.text import Text

from flowspec.diagnostics import Diagnostic
from flowspec.rendering.text import render
from flowspec.source import Source

_STYLES = {
    r"(?m)^error\[FS\d+\]": "bold red",
    r"(?m)^warning\[FS\d+\]": "bold yellow",
    r"(?m)^(?:error|warning)\[FS\d+\](: .*)$": "bold",
    r"(?m)^ *(-->|:::) .*$": "blue",
    r"(?m)^ *\d* \|": "blue",
    r"(?m)^ * \| +(\^+.*)$": "red",
    r"(?m)^ * \| +(-+ .*|-+)$": "cyan",
    r"(?m)^ *= (note|help|reached through):": "bold cyan",
    r"\[fix: safe\]": "green",
    r"\[fix: unsafe\]": "yellow",
}
"""Patterns of the plain text, and how what they match is shown."""


def render_terminal(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], console: Console | None = None
) -> None:
    """Prints the diagnostics; rich leaves the colours out where they are not wanted."""
    (console or Console(stderr=True)).print(coloured(render(diagnostics, sources)), soft_wrap=True)


def coloured(text: str) -> Text:
    """The plain text with its styles."""
    shown = Text(text)
    for pattern, style in _STYLES.items():
        shown.highlight_regex(pattern, style)
    return shown

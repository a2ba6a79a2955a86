"""`flowspec check --fix`: the fixes that faults offer, applied to the files."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.specs import compiled
from flowspec.diagnostics import SpecError
from flowspec.files import replace
from flowspec.fixing import Fixed, apply, chosen
from flowspec.source import Source

MOST_ROUNDS = 10
"""A fix may bring other faults to light, which have fixes of their own."""


def fix_file(file: str, settings: tuple[str, ...], unsafe: bool, quiet: bool) -> None:
    """Applies fixes until there is none left to apply, and says which."""
    if file == "-":
        raise click.UsageError("`--fix` writes files; it cannot write standard input")
    seen: set[str] = set()
    for _ in range(MOST_ROUNDS):
        try:
            compiled(file, settings)
            return
        except SpecError as error:
            sources = error.sources
            fixed = apply(chosen(error.diagnostics, unsafe), sources)
        fixed = [found for found in fixed if found.source.text not in seen]
        for found in fixed:
            seen.add(sources[found.source.name].text)
            _write(found, sources[found.source.name])
            if not quiet:
                _tell(found, sources[found.source.name])
        if not fixed:
            return


def _tell(fixed: Fixed, before: Source) -> None:
    for fix in fixed.fixes:
        line, column = before.position(fix.span.start)
        click.echo(f"{before.name}:{line}:{column}: fixed: {fix.title}")


def _write(fixed: Fixed, before: Source) -> None:
    """Puts the new text in the place of the old, which must be what was checked: all of it or nothing."""
    path = Path(fixed.source.name)
    if path.read_text(encoding="utf-8") != before.text:
        raise click.UsageError(f"`{path}` was changed while it was checked")
    replace(path, fixed.source.text.encode())

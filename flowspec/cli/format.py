"""`flowspec format`."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from flowspec.cli.specs import read_source, with_sources
from flowspec.diagnostics import SpecError
from flowspec.files import replace
from flowspec.source import Source
from flowspec.syntax.format import format_text


@click.command("format")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not in canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> int:
    """Write specs in their canonical form, in place; - reads standard input and writes standard output."""
    changed = [_format(file, check, diff) for file in files]
    return int(check and any(changed))


def _format(file: str, check: bool, diff: bool) -> bool:
    """Formats a file, or shows what would change; whether anything does."""
    source = _source(file)
    text = _formatted(source)
    if diff:
        click.echo("".join(_difference(source, text)), nl=False)
    elif file == "-" and not check:
        click.echo(text, nl=False)
    elif text != source.text:
        click.echo(f"{file}: {'not in canonical form' if check else 'formatted'}")
        if not check:
            replace(Path(file), text.encode())
    return text != source.text


def _source(file: str) -> Source:
    if file != "-" and not Path(file).is_file():
        raise click.UsageError(f"there is no file `{file}`")
    return read_source(file)[0]


def _formatted(source: Source) -> str:
    try:
        return format_text(source)
    except SpecError as error:
        raise with_sources(error, source) from None


def _difference(source: Source, text: str) -> list[str]:
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return list(difflib.unified_diff(before, after, source.name, f"{source.name} (formatted)"))

"""`flowspec check`."""

from __future__ import annotations

import sys

import click

from flowspec.cli.console import coloured, rendered
from flowspec.cli.specs import compiled, setting_option
from flowspec.diagnostics import SpecError


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", help="How faults are written.")
@setting_option
def command(files: tuple[str, ...], form: str, settings: tuple[str, ...]) -> int:
    """Check specs and show every fault. FILE is a path, the name of a shipped spec, or - for standard input."""
    return int(any([_check(file, form, settings) for file in files]))


def _check(file: str, form: str, settings: tuple[str, ...]) -> bool:
    """Shows the faults of a file; whether it has any."""
    try:
        spec = compiled(file, settings)
    except SpecError as error:
        text = rendered(error.diagnostics, getattr(error, "sources", {}), form)
        click.echo(coloured(text) if form == "text" and sys.stdout.isatty() else text, nl=not text.endswith("\n"))
        return True
    if form == "text":
        click.echo(f"{file}: flow `{spec.name}` is sound")
    return False

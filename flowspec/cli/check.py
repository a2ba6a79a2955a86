"""`flowspec check`."""

from __future__ import annotations

import sys

import click

from flowspec.cli.console import coloured, rendered
from flowspec.cli.fixes import fix_file
from flowspec.cli.specs import compiled, setting_option
from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source

FORMATS = ("text", "json", "github", "sarif")


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How faults are written.")
@click.option("--fix", is_flag=True, help="Apply the fixes that are safe, and check again.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix, also those that may change what is meant.")
@setting_option
def command(files: tuple[str, ...], form: str, fix: bool, unsafe_fixes: bool, settings: tuple[str, ...]) -> int:
    """Check specs and show every fault. FILE is a path, the name of a shipped spec, or - for standard input."""
    if unsafe_fixes and not fix:
        raise click.UsageError("`--unsafe-fixes` is said together with `--fix`")
    if fix:
        for file in files:
            fix_file(file, settings, unsafe_fixes, quiet=form != "text")
    if form == "sarif":
        return _check_together(files, form, settings)
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


def _check_together(files: tuple[str, ...], form: str, settings: tuple[str, ...]) -> int:
    """Shows the faults of all files in one log."""
    found: list[Diagnostic] = []
    sources: dict[str, Source] = {}
    for file in files:
        try:
            compiled(file, settings)
        except SpecError as error:
            found += error.diagnostics
            sources |= getattr(error, "sources", {})
    click.echo(rendered(tuple(found), sources, form))
    return int(bool(found))

"""`flowspec check`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

import click

from flowspec.cli.console import rendered, show
from flowspec.cli.fixes import fix_file
from flowspec.cli.specs import compiled, setting_option
from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.source import Source

FORMATS = ("text", "json", "github", "sarif")


class _Found(NamedTuple):
    """What was found of a file: the name of its flow, if it is sound, and its faults or its warnings."""

    flow: str
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]


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
    """Shows the faults of a file, or else its warnings; whether it has faults."""
    found = _found(file, settings)
    if form == "text":
        show(found.diagnostics, found.sources, sys.stdout)
    elif found.diagnostics:
        click.echo(rendered(found.diagnostics, found.sources, form))
    if form == "text" and found.flow:
        click.echo(f"{file}: flow `{found.flow}` is sound")
    return not found.flow


def _check_together(files: tuple[str, ...], form: str, settings: tuple[str, ...]) -> int:
    """Shows the faults of all files in one log."""
    found = [_found(file, settings) for file in files]
    sources = {name: source for one in found for name, source in one.sources.items()}
    click.echo(rendered(tuple(diagnostic for one in found for diagnostic in one.diagnostics), sources, form))
    return int(not all(one.flow for one in found))


def _found(file: str, settings: tuple[str, ...]) -> _Found:
    try:
        spec = compiled(file, settings)
    except SpecError as error:
        return _Found("", error.diagnostics, error.sources)
    return _Found(spec.name, spec.warnings, spec.sources)

"""`flowspec report`."""

from __future__ import annotations

import json

import click

from flowspec.cli.specs import compiled, overrides, plain, read_source, setting_option
from flowspec.report import Report, compare, over, text, text_over
from flowspec.spec import Plain, compile_source


@click.command("report")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="As JSON: an object, or a list for several.")
@click.option("--over", "family", metavar="NAME=A..B", help="A row for each value of a parameter: a range or a list.")
@setting_option
def command(files: tuple[str, ...], as_json: bool, family: str | None, settings: tuple[str, ...]) -> None:
    """Report on a flow; several FILEs are compared."""
    if family is not None:
        _family(files, family, as_json, settings)
        return
    reports = [compiled(file, settings).report() for file in files]
    if as_json:
        _json(reports if len(reports) > 1 else reports[0])
    else:
        click.echo(text(reports[0]) if len(reports) == 1 else compare(reports), nl=False)


def _family(files: tuple[str, ...], family: str, as_json: bool, settings: tuple[str, ...]) -> None:
    if len(files) != 1:
        raise click.UsageError("`--over` takes one FILE")
    name, values = _range(family)
    source, folder = read_source(files[0])
    fixed = overrides(settings)
    reports = over(lambda value: compile_source(source, folder, fixed | value).checked, name, values)
    _json(reports) if as_json else click.echo(text_over(reports, name), nl=False)


def _range(family: str) -> tuple[str, list[Plain]]:
    name, _, values = family.partition("=")
    found = plain(values) if values else None
    if not isinstance(found, list) or not found:
        raise click.UsageError(f"`--over {family}` is not of the form NAME=A..B or NAME=[A, B]")
    return name.strip(), found


def _json(reports: Report | list[Report]) -> None:
    one = isinstance(reports, Report)
    values = [report.model_dump(mode="json") for report in ([reports] if one else reports)]
    click.echo(json.dumps(values[0] if one else values, indent=2))

"""`flowspec report`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flowspec.cli.specs import compiled, overrides, plain, read_source, setting_option
from flowspec.report import AMOUNTS, Report, compare, curve, over, text, text_over, text_side_by_side
from flowspec.spec import Plain, compile_source

PICTURES = (".png", ".svg", ".pdf")


@click.command("report")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="As JSON: an object, or a list for several.")
@click.option("--over", "family", metavar="NAME=A..B", help="A row for each value of a parameter: a range or a list.")
@click.option("--metric", type=click.Choice(list(AMOUNTS)), help="With --over: the one number of a curve, or of several FILEs.")
@click.option("--curve", "picture", type=click.Path(path_type=Path, dir_okay=False), help="With --over: draw it (OUT.png, svg, pdf).")
@setting_option
def command(files: tuple[str, ...], as_json: bool, family: str | None, metric: str | None, picture: Path | None, settings: tuple[str, ...]) -> None:
    """Report on a flow; several FILEs are compared."""
    if family is not None:
        _family(files, family, as_json, metric, picture, settings)
        return
    if metric or picture:
        raise click.UsageError("`--metric` and `--curve` are for a family: give `--over` too")
    reports = [compiled(file, settings).report() for file in files]
    if as_json:
        _json(reports if len(reports) > 1 else reports[0])
    else:
        click.echo(text(reports[0]) if len(reports) == 1 else compare(reports), nl=False)


def _family(
    files: tuple[str, ...], family: str, as_json: bool, metric: str | None, picture: Path | None, settings: tuple[str, ...]
) -> None:  # fmt: skip
    if picture is not None and picture.suffix not in PICTURES:
        raise click.UsageError(f"`{picture}` must end in one of {', '.join(PICTURES)}")
    name, values = _range(family)
    fixed = overrides(settings)
    families = [_members(file, name, values, fixed) for file in files]
    if picture is not None:
        curve(families, name, metric or "parameters", picture)
    if as_json:
        _json([report for reports in families for report in reports])
    elif len(families) > 1 or metric:
        click.echo(text_side_by_side(families, name, metric or "parameters"), nl=False)
    else:
        click.echo(text_over(families[0], name), nl=False)


def _members(file: str, name: str, values: list[Plain], fixed: dict[str, Plain]) -> list[Report]:
    source, folder = read_source(file)
    return over(lambda value: compile_source(source, folder, fixed | value).checked, name, values)


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

"""`flowspec draw`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.specs import compiled, setting_option
from flowspec.diagram import FORMATS


@click.command("draw")
@click.argument("file", metavar="FILE")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.svg, .png, .pdf, .dot or .html.")
@click.option("--depth", type=click.IntRange(min=0), help="Fold what lies deeper.")
@setting_option
def command(file: str, out: Path, depth: int | None, settings: tuple[str, ...]) -> None:
    """Draw a flow."""
    if out.suffix.removeprefix(".").lower() not in FORMATS:
        raise click.UsageError(f"`{out}` must end in one of {', '.join(f'.{name}' for name in FORMATS)}")
    compiled(file, settings).draw(out, depth)
    click.echo(f"{out}")

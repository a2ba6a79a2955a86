"""`flowspec export`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.specs import compiled, setting_option


@click.command("export")
@click.argument("file", metavar="FILE")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.py, replaced as a whole or not at all.")
@setting_option
def command(file: str, out: Path, settings: tuple[str, ...]) -> None:
    """Write a flow as one file of Python that needs torch alone (of a continuous flow torchdiffeq too)."""
    if out.suffix != ".py":
        raise click.UsageError(f"`{out}` must end in .py")
    compiled(file, settings).export(out)
    click.echo(f"{out}")

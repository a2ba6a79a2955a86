"""`flowspec verify`."""

from __future__ import annotations

import json

import click

from flowspec.cli.specs import compiled, setting_option


@click.command("verify")
@click.argument("file", metavar="FILE")
@click.option("--batch", type=click.IntRange(min=1), default=4, show_default=True, help="Examples that every step is tried on.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@setting_option
def command(file: str, batch: int, seed: int, as_json: bool, settings: tuple[str, ...]) -> int:
    """Build a flow in float64 and hold it against its rules: round trips, log-dets, counts, contracts, total density."""
    found = compiled(file, settings).verify(batch=batch, seed=seed)
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else found.text())
    return 0 if found.passed else 1

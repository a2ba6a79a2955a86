"""`flowspec evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flowspec.cli.energies import declared, energy_option
from flowspec.cli.specs import named_data


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.option("--samples", type=click.IntRange(min=1), help="Draws of the noise: an importance-weighted bound, tighter with each.")
@click.option("--data", metavar="NAME|PATH", help="Data in place of the run's.")
@energy_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(run: Path, samples: int | None, data: str | None, energies: tuple[str, ...], as_json: bool) -> None:
    """Measure the likelihood of test data, or the divergence from a target, at the best weights of a run."""
    source = None if data is None else named_data(data)
    from flowspec.train.run import open_task

    flow, task, seed = open_task(run, source, declared(energies))
    found = task.measure(flow, seed, samples)
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else f"{found}\n{found.account()}")

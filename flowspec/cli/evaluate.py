"""`flowspec evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flowspec.cli.specs import named_data


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.option("--samples", type=click.IntRange(min=1), help="Draws of the noise: an importance-weighted bound, tighter with each.")
@click.option("--data", metavar="NAME|PATH", help="Data in place of the run's.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(run: Path, samples: int | None, data: str | None, as_json: bool) -> None:
    """Measure the likelihood of test data at the best weights of a run."""
    source = None if data is None else named_data(data)
    from flowspec.train.run import evaluate_as_set, open_run

    flow, splits, seed = open_run(run, source)
    found = evaluate_as_set(flow, splits, seed, samples)
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else f"{found}\n{found.account()}")

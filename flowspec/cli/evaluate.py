"""`flowspec evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowspec.cli.energies import declared, energy_option
from flowspec.cli.specs import named_data
from flowspec.cli.temperature import temperature_option

if TYPE_CHECKING:
    from flowspec.modules.flow import Flow
    from flowspec.modules.operations import Temperature
    from flowspec.quality.frechet import Frechet
    from flowspec.train.task import Task


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.option("--samples", type=click.IntRange(min=1), help="Draws of the noise: an importance-weighted bound, tighter with each.")
@click.option("--data", metavar="NAME|PATH", help="Data in place of the run's.")
@energy_option
@click.option("--frechet", type=click.IntRange(min=2), metavar="N", help="The Fréchet distance of N samples from the test images too.")
@click.option("--features", type=click.Choice(["inception", "digits", "random"]), help="What images are compared by; Inception where it is at hand.")
@temperature_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(run: Path, samples: int | None, data: str | None, energies: tuple[str, ...], frechet: int | None, features: str | None,
            temperature: Temperature | None, as_json: bool) -> None:  # fmt: skip
    """Measure the likelihood of test data, or the divergence from a target, at the best weights of a run."""
    if frechet is None and not (features is temperature is None):
        raise click.UsageError("`--features` and `--temperature` are of samples: give `--frechet` too")
    source = None if data is None else named_data(data)
    from flowspec.train.run import open_task

    flow, task, seed = open_task(run, source, declared(energies))
    found = task.measure(flow, seed, samples)
    quality = None if frechet is None else _quality(flow, task, frechet, features, temperature, seed)
    if as_json:
        click.echo(json.dumps(found.as_json() | ({} if quality is None else {"frechet": quality.as_json()}), indent=2))
    else:
        click.echo("\n".join([str(found), found.account(), *([] if quality is None else [str(quality)])]))


def _quality(flow: Flow, task: Task, samples: int, features: str | None, temperature: Temperature | None, seed: int) -> Frechet:
    from flowspec.train.errors import TrainingError
    from flowspec.train.fitting import Fitting
    from flowspec.train.quality import frechet

    if not isinstance(task, Fitting):
        raise TrainingError("the Fréchet distance is from test data; this run was trained towards a target and has none")
    return frechet(flow, task.data, samples, features, temperature, seed)

"""`flowspec train`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.energies import declared, energy_option
from flowspec.cli.group import INTERRUPTED
from flowspec.cli.specs import compiled, named_data, setting_option


@click.command("train")
@click.argument("file", metavar="FILE")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="RUN", help="The folder of the run.")
@click.option("--data", metavar="NAME|PATH", help="Data in place of the spec's: `moons(size=1000)`, a file or a folder.")
@click.option("--max-steps", type=click.IntRange(min=1), help="Stop after so many steps; --resume goes on.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs in place of the spec's.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps in place of the spec's epochs or steps.")
@click.option("--batch", type=click.IntRange(min=1), help="Batch size in place of the spec's.")
@click.option("--lr", type=click.FloatRange(min=0, min_open=True), help="Learning rate in place of the optimizer's.")
@click.option("--seed", type=int, help="Seed in place of the spec's.")
@click.option("--resume", is_flag=True, help="Go on with the run in RUN (start it, if there is none).")
@click.option("--device", metavar="NAME", help="cpu, cuda, mps; the best there is unless given.")
@click.option("--precision", type=click.Choice(["no", "bf16", "fp16"]), default="no", help="Mixed precision.")
@click.option("--memory", type=click.Choice(["plain", "checkpoint", "reversible"]), default="plain",
              help="What is kept for gradients: all, what enters networks' steps, what leaves runs of bijections.")
@click.option("--compile", is_flag=True, help="Have torch.compile write the kernels of a step: pays in runs longer than some minutes.")
@energy_option
@setting_option
def command(file: str, out: Path, data: str | None, energies: tuple[str, ...], settings: tuple[str, ...], **options) -> int:  # noqa: ANN003
    """Train the flow of a spec; RUN receives weights, log, numbers and pictures."""
    spec = compiled(file, settings)
    source = None if data is None else named_data(data)
    from flowspec.train.log import display
    from flowspec.train.run import train

    result = train(spec, out, source, display=display(), energies=declared(energies), **options)
    if not result.finished:
        click.echo(f"stopped after step {result.steps}; go on with `flowspec train {file} --out {out} --resume`", err=True)
        return INTERRUPTED
    click.echo(f"{result.test}\n{out}")
    return 0

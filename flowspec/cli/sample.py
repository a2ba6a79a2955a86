"""`flowspec sample`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.temperature import temperature_option


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.option("-n", "number", type=click.IntRange(min=1), help="How many; as the spec says unless given.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.png for a picture; .wav of sound; .npy or .csv.")
@temperature_option
@click.option("--label", "--context", type=click.IntRange(min=0), help="The class to sample; all in turn unless given.")
@click.option("--sound", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A sound file whose spectrograms, piece by piece, are the condition.")
@click.option("--seed", type=int, default=0, show_default=True)
def command(run: Path, number: int | None, out: Path, temperature: float | dict[str, float] | None, label: int | None, sound: Path | None, seed: int) -> None:
    """Draw samples from the best flow of a run."""
    if out.suffix not in (".png", ".wav", ".npy", ".csv"):
        raise click.UsageError(f"`{out}` must end in .png, .wav, .npy or .csv")
    from flowspec.train.sampling import sample_run

    sample_run(run, out, number, temperature, label, sound, seed)
    click.echo(f"{out}")

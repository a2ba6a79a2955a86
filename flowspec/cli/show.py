"""`flowspec show`."""

from __future__ import annotations

from pathlib import Path

import click

from flowspec.cli.temperature import temperature_option


@click.command("show")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.argument("kind", type=click.Choice(["reconstructions", "stages", "interpolation"]))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.png.")
@click.option("-n", "number", type=click.IntRange(min=1), default=8, show_default=True, help="Images, or rows.")
@click.option("--part", help="The part that stages are shown before and after, or without which the latents of a path are taken.")
@click.option("--path", type=click.Choice(["linear", "spherical"]), default="linear", show_default=True, help="Of an interpolation.")
@click.option("--noise", type=click.Choice(["zero", "fixed", "fresh"]), default="zero", show_default=True, help="What decoders draw along a path.")
@temperature_option
@click.option("--seed", type=int, default=0, show_default=True)
def command(run: Path, kind: str, out: Path, number: int, part: str | None, path: str, noise: str, temperature: float | dict[str, float] | None, seed: int) -> None:
    """Show reconstructions of test images, what a part makes of samples, or paths between test images."""
    if out.suffix != ".png":
        raise click.UsageError(f"`{out}` must end in .png")
    from flowspec.train.showing import show_run

    show_run(run, kind, out, number, part, path, noise, temperature, seed)
    click.echo(f"{out}")

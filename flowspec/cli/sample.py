"""`flowspec sample`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="RUN")
@click.option("-n", "number", type=click.IntRange(min=1), help="How many; as the spec says unless given.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.png for a picture; .wav of sound; .npy or .csv.")
@click.option("--temperature", "temperatures", multiple=True, metavar="T|PART=T", help="Factor on the spread of every prior and decoder, or of a part's.")
@click.option("--label", "--context", type=click.IntRange(min=0), help="The class to sample; all in turn unless given.")
@click.option("--sound", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A sound file whose spectrograms, piece by piece, are the condition.")
@click.option("--seed", type=int, default=0, show_default=True)
def command(run: Path, number: int | None, out: Path, temperatures: tuple[str, ...], label: int | None, sound: Path | None, seed: int) -> None:
    """Draw samples from the best flow of a run."""
    if out.suffix not in (".png", ".wav", ".npy", ".csv"):
        raise click.UsageError(f"`{out}` must end in .png, .wav, .npy or .csv")
    from flowspec.train.sampling import sample_run

    sample_run(run, out, number, _temperature(temperatures), label, sound, seed)
    click.echo(f"{out}")


def _temperature(texts: tuple[str, ...]) -> float | dict[str, float] | None:
    """One temperature for all, or one for each part that is named."""
    found = {}
    for text in texts:
        part, _, number = text.rpartition("=")
        try:
            found[part] = float(number)
        except ValueError:
            raise click.UsageError(f"`--temperature {text}` is neither a number nor of the form PART=NUMBER") from None
        if not 0 <= found[part] < float("inf"):
            raise click.UsageError(f"`--temperature {text}` must be 0 or more")
    if "" in found and len(texts) > 1:
        raise click.UsageError("`--temperature` is one number for all, or PART=NUMBER for each part")
    return found.get("", found) if found else None

"""Small replications of papers' tables: the same rows at a size that trains on two cores, several seeds each.

    python tools/replicate.py nanoflow-images --out runs/nanoflow
    python tools/replicate.py nanoflow-images --out runs/nanoflow --data images.npz --side 32
    python tools/replicate.py nanoflow-audio --out runs/speech --data FOLDER

A finished run is not repeated: the tool goes on where it stopped. It ends with a table (text and JSON) and the curves.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("MPLBACKEND", "Agg")

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import click
from replications.run import image_shape, run, shaped
from replications.summary import folder, write
from replications.table import Table, tables

from flowspec.vocabulary.settings.runs import Source


@click.command()
@click.argument("table", type=click.Choice(sorted(tables())))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs and of the table.")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="A file of images, whose shape rows take on, or a folder of speech.")
@click.option("--row", "rows", multiple=True, help="Only this row (may be repeated).")
@click.option("--seeds", default=3, show_default=True)
@click.option("--steps", type=int, help="Steps of each run, in equal shares for its phases.")
@click.option("--jobs", default=2, show_default=True, help="Runs side by side, one thread each.")
@click.option("--side", type=int, help="Side of bundled images.")
def main(table: str, out: Path, data: Path | None, rows: tuple[str, ...], seeds: int, steps: int | None, jobs: int, side: int | None) -> None:
    """Trains every row of TABLE with several seeds and prints it beside the paper's numbers."""
    chosen = tables()[table]
    if unknown := set(rows) - {row.name for row in chosen.rows}:
        raise click.UsageError(f"unknown rows: {', '.join(unknown)}; known are {', '.join(row.name for row in chosen.rows)}")
    chosen = replace(chosen, rows=tuple(row for row in chosen.rows if not rows or row.name in rows))
    source = _source(chosen, data, side)
    shape = image_shape(source) if data else {"side": side} if side else {}
    chosen = replace(chosen, rows=tuple(shaped(row, shape) for row in chosen.rows))
    tasks = [
        (row, seed, folder(out, row, seed), source if data else row.source or source, steps or chosen.steps, chosen.batch, chosen.lr)
        for seed in range(seeds) for row in chosen.rows
    ]  # fmt: skip
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed(pool.submit(run, *task) for task in tasks):
            row, seed, found = done.result()
            click.echo(f"{row.name:16} seed {seed}: {chosen.value(found['test']):.4f} {chosen.metric} in {found['seconds']:.0f} s")
    write(chosen, out, seeds, source)


def _source(table: Table, data: Path | None, side: int | None) -> Source | None:
    if table.needs and data is None:
        raise click.UsageError(f"the table needs --data: {table.needs}")
    own = {} if table.source is None else table.source.arguments
    if data is not None and not table.needs:
        return Source(name="file", arguments={"path": str(data)} | {name: own[name] for name in own.keys() & {"bits"}})
    if data is None and side is None:
        return table.source
    given = {"size": side} if data is None else {"path": str(data)}
    return table.source.model_copy(update={"arguments": own | given})


if __name__ == "__main__":
    main()

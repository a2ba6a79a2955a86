"""Small replications of papers' tables: the same rows at a size that trains on two cores, several seeds each.

    python tools/replicate.py nanoflow-images --out runs/nanoflow
    python tools/replicate.py nanoflow-images --out runs/nanoflow --data images.npz

A finished run is not repeated: the tool goes on where it stopped. It ends with a table (text and JSON) and the curves.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("MPLBACKEND", "Agg")

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

import click

import flowspec
from flowspec.vocabulary.settings.runs import Source


@dataclass(frozen=True)
class Row:
    """One row of a table: its name in the paper, a shipped spec, the parameters it is made small with, what the paper prints."""

    name: str
    spec: str
    parameters: dict[str, object]
    printed: str


@dataclass(frozen=True)
class Table:
    """A table of a paper in small: its rows, bundled data, and how long each run is."""

    title: str
    metric: str
    rows: tuple[Row, ...]
    source: Source
    steps: int
    batch: int
    notes: tuple[str, ...] = field(default=())


def _nanoflow(uses: int, width: int, side: int) -> tuple[Row, ...]:
    small = {"levels": 2, "width": width, "side": side}
    return (
        Row("Glow-large", "glow_large", small | {"steps": uses}, "3.30 bits/dim, 287.489 M"),
        Row("NanoFlow-naive", "nanoflow_naive", small | {"K": uses}, "3.40 bits/dim, 9.263 M"),
        Row("NanoFlow-decomp", "nanoflow_decomp", small | {"K": uses}, "3.32 bits/dim, 9.935 M"),
        Row("NanoFlow", "nanoflow", small | {"K": uses}, "3.27 bits/dim, 10.113 M"),
    )


def _denseflow(side: int) -> tuple[Row, ...]:
    printed = {1: "3.42", 2: "3.40", 3: "3.37", 4: "3.14", 5: "3.08", 6: "3.07"}
    switches = {1: (0, 0, 0), 2: (1, 0, 0), 3: (1, 1, 0), 4: (0, 0, 1), 5: (1, 0, 1), 6: (1, 1, 1)}
    return tuple(
        Row(
            f"row {i}", "denseflow_45_6", {"side": side, "noise": bool(n), "conditioned": bool(c), "attention": bool(a)},
            f"{printed[i]} bits/dim",
        )
        for i, (n, c, a) in switches.items()
    )  # fmt: skip


TABLES = {
    "nanoflow-images": Table(
        "NanoFlow (Lee et al. 2020), Table 4: one estimator for all steps of a level", "bits/dim", _nanoflow(8, 32, 16),
        Source(name="crops", arguments={"size": 16}), 1500, 64,
        ("rows share one shape: 2 levels of 8 steps, estimators of six 3x3 convolutions of 32 channels, 16x16 images",),
    ),
}  # fmt: skip


@click.command()
@click.argument("table", type=click.Choice(sorted(TABLES)))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs and of the table.")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="A file of images instead of the bundled crops.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--steps", type=int, help="Steps of each run.")
@click.option("--jobs", default=2, show_default=True, help="Runs side by side, one thread each.")
@click.option("--side", type=int, help="Side of the images; those of a file must have it.")
def main(table: str, out: Path, data: Path | None, seeds: int, steps: int | None, jobs: int, side: int | None) -> None:
    """Trains every row of TABLE with several seeds and prints it beside the paper's numbers."""
    chosen = TABLES[table]
    source = Source(name="file", arguments={"path": str(data)}) if data else chosen.source
    if side and not data:
        source = source.model_copy(update={"arguments": source.arguments | {"size": side}})
    tasks = [
        (row, seed, out / row.name.replace(" ", "_") / str(seed), source, steps or chosen.steps, chosen.batch, side)
        for seed in range(seeds) for row in chosen.rows
    ]  # fmt: skip
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed(pool.submit(_run, *task) for task in tasks):
            click.echo(done.result())
    _write(chosen, out, seeds)


def _run(row: Row, seed: int, out: Path, source: Source, steps: int, batch: int, side: int | None) -> str:
    import torch

    from flowspec.train.run import train

    torch.set_num_threads(1)
    if not (out / "result.json").exists() or not json.loads((out / "result.json").read_text())["finished"]:
        parameters = row.parameters | ({"side": side} if side else {})
        spec = flowspec.load(row.spec, **parameters)
        per_epoch = _examples(source) // batch
        train(spec, out, source, epochs=max(1, round(steps / per_epoch)), batch=batch, seed=seed, resume=out.exists())
    found = json.loads((out / "result.json").read_text())
    test = found["test"]
    return f"{row.name:16} seed {seed}: {test['bits_per_dim'] or -test['nats']:.4f} in {found['seconds']:.0f} s"


def _examples(source: Source) -> int:
    from flowspec.data import load

    return len(load(source.name, **source.arguments).train)


def _write(table: Table, out: Path, seeds: int) -> None:
    rows = [_summary(row, out, seeds) for row in table.rows]
    (out / "table.json").write_text(json.dumps(rows, indent=2))
    lines = [table.title, *table.notes, "", f"{'':16} {'parameters':>12} {'test ' + table.metric:>22} {'s/run':>7}  paper"]
    lines += [
        f"{r['name']:16} {r['parameters']:12,} {r['mean']:12.4f} ± {r['sd']:.4f} {r['seconds']:9.0f}  {r['printed']}"
        for r in rows
    ]
    (out / "table.txt").write_text("\n".join(lines) + "\n")
    click.echo("\n".join(lines))
    _draw(table, out, seeds)


def _summary(row: Row, out: Path, seeds: int) -> dict[str, object]:
    results = [json.loads((_folder(out, row, seed) / "result.json").read_text()) for seed in range(seeds)]
    values = [result["test"]["bits_per_dim"] or -result["test"]["nats"] for result in results]
    graph = flowspec.load(row.spec, **row.parameters)
    return {
        "name": row.name, "parameters": graph.report().parameters.total, "values": values, "mean": mean(values),
        "sd": stdev(values) if seeds > 1 else 0.0, "seconds": mean(result["seconds"] for result in results), "printed": row.printed,
    }  # fmt: skip


def _folder(out: Path, row: Row, seed: int) -> Path:
    return out / row.name.replace(" ", "_") / str(seed)


def _draw(table: Table, out: Path, seeds: int) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for i, row in enumerate(table.rows):
        for seed in range(seeds):
            points = [json.loads(line) for line in (_folder(out, row, seed) / "log.jsonl").read_text().splitlines()]
            points = [point for point in points if point["kind"] == "validation"]
            values = [point.get("bits_per_dim") or point["loss"] for point in points]
            axes.plot(
                [point["step"] for point in points], values, color=f"C{i}", alpha=0.7, label=row.name if seed == 0 else None
            )
    axes.set_xlabel("step"), axes.set_ylabel(f"validation {table.metric}"), axes.legend()
    figure.tight_layout()
    figure.savefig(out / "curves.png", dpi=120)


if __name__ == "__main__":
    main()

"""The table of finished runs beside the paper's, as text and JSON, and their curves."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev

import click
from replications.table import Row, Table

import flowspec
from flowspec.train.pictures import loss
from flowspec.train.log import read
from flowspec.vocabulary.settings.runs import Source

SMOOTHED = 5
"""Lines of the log that a point of the curve is the mean of."""


def write(table: Table, out: Path, seeds: int, source: Source | None) -> None:
    rows = [_summary(table, row, out, seeds) for row in table.rows]
    (out / "table.json").write_text(json.dumps(rows, indent=2))
    more = "".join(f" {name:>20}" for name in table.measures)
    lines = [table.title, *table.notes, "", f"{'':16} {'parameters':>12} {'test ' + table.metric:>22} {'s/run':>7}{more}  paper"]
    lines += [
        f"{r['name']:16} {r['parameters']:12,} {r['mean']:12.4f} ± {r['sd']:.4f} {r['seconds']:9.0f}{_more(r['measures'])}  {r['printed']}"
        for r in rows
    ]
    if table.baselines is not None:
        lines += [f"{name:16} {'':12} {value:12.4f}" for name, value in table.baselines(source).items()]
    (out / "table.txt").write_text("\n".join(lines) + "\n")
    click.echo("\n".join(lines))
    _draw(table, out, seeds)
    _draw_pictures(table, out)


def _more(measures: dict[str, list[float | None]]) -> str:
    told = ("-" if None in values else f"{mean(values):.3f} ± {_sd(values):.3f}" for values in measures.values())
    return "".join(f" {text:>20}" for text in told)


def _sd(values: list[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


def _summary(table: Table, row: Row, out: Path, seeds: int) -> dict[str, object]:
    results = [json.loads((folder(out, row, seed) / "result.json").read_text()) for seed in range(seeds)]
    values = [table.value(result["test"]) for result in results]
    graph = flowspec.load(row.spec, **row.parameters)
    return {
        "name": row.name, "parameters": graph.report().parameters.deployed, "values": values, "mean": mean(values),
        "sd": _sd(values), "seconds": mean(result["seconds"] for result in results), "printed": row.printed,
        "measures": {name: [measure(folder(out, row, seed)) for seed in range(seeds)] for name, measure in table.measures.items()},
    }  # fmt: skip


def folder(out: Path, row: Row, seed: int) -> Path:
    return out / row.name.replace(" ", "_") / str(seed)


def _draw(table: Table, out: Path, seeds: int) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for i, row in enumerate(table.rows):
        for seed in range(seeds):
            points = [point for point in read(folder(out, row, seed) / "log.jsonl") if point["kind"] == "train"]
            if not points:
                return
            values, unit = zip(*map(loss, points))
            smooth = [(points[k]["step"], mean(values[max(0, k - SMOOTHED + 1) : k + 1])) for k in range(min(SMOOTHED, len(points)) - 1, len(points))]
            axes.plot(*zip(*smooth), color=f"C{i}", alpha=0.7, label=row.name if seed == 0 else None)
    axes.set_xlabel("step"), axes.set_ylabel(f"training loss ({unit[0]})"), axes.legend()
    figure.tight_layout()
    figure.savefig(out / "curves.png", dpi=120)


def _draw_pictures(table: Table, out: Path) -> None:
    """The pictures that the runs of the first seed leave: of densities in two dimensions, otherwise of samples."""
    from matplotlib import pyplot as plt

    names = ("density.png", "target.png", "samples.png")
    found = [next((folder(out, row, 0) / name for name in names if (folder(out, row, 0) / name).exists()), None) for row in table.rows]
    if None in found:
        return
    pictures = [plt.imread(path) for path in found]
    columns = 2 if pictures[0].shape[1] > 1.5 * pictures[0].shape[0] else 4
    high, wide = pictures[0].shape[:2]
    rows = -(-len(found) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(10, rows * (10 / columns * high / wide + 0.2)), squeeze=False)
    for axis, row, picture in zip(axes.flat, table.rows, pictures):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1), axis.set_title(row.name, fontsize="small")
    for axis in axes.flat:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(out / "pictures.png", dpi=110)

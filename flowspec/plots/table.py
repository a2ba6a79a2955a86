"""Samples of tables against data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from flowspec.plots.figure import DATA, MODEL, figure, save

MOST_DIMS = 4
MOST_POINTS = 2_000
Cloud = tuple[str, np.ndarray, str]
"""Name, points (N, D) and colour."""


def pairs(data: np.ndarray | None, samples: np.ndarray, path: Path) -> None:
    """Saves the first dimensions of samples (N, D), and of data if there are any, against one another: histograms on the diagonal."""
    sets = [(name, values, colour) for name, values, colour in (("data", data, DATA), ("samples", samples, MODEL)) if values is not None]
    dims, framed = min(samples.shape[1], MOST_DIMS), sets[0][1]
    made, axes = figure(2.4 * dims + 1, 2.4 * dims, dims, dims)
    low, high = np.quantile(framed[:, :dims], (0.001, 0.999), 0)
    margin = 0.15 * (high - low) + 1e-6
    frames = list(zip(low - margin, high + margin))
    for i, axis in enumerate(axes):
        row, column = divmod(i, dims)
        if row == column:
            _histograms(axis, sets, row, frames[row])
        else:
            _points(axis, sets, column, row)
            axis.set_ylim(frames[row])
        axis.set_xlim(frames[column])
    axes[0].legend([name for name, _, _ in sets], fontsize="small")
    save(made, path)


def _histograms(axis: Axes, sets: list[Cloud], row: int, frame: tuple[float, float]) -> None:
    for _, values, colour in sets:
        axis.hist(values[:, row], bins=40, range=frame, density=True, histtype="step", color=colour)


def _points(axis: Axes, sets: list[Cloud], column: int, row: int) -> None:
    for _, values, colour in sets:
        axis.scatter(values[:MOST_POINTS, column], values[:MOST_POINTS, row], s=2, color=colour, alpha=0.4, linewidths=0)

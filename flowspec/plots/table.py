"""Samples of tables against data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowspec.plots.figure import DATA, MODEL, figure, save

MOST_DIMS = 4
MOST_POINTS = 2_000


def pairs(data: np.ndarray, samples: np.ndarray, path: Path) -> None:
    """Saves the first dimensions of data and samples (N, D) against one another: histograms on the diagonal."""
    dims = min(data.shape[1], MOST_DIMS)
    made, axes = figure(2.4 * dims + 1, 2.4 * dims, dims, dims)
    low, high = np.quantile(data[:, :dims], (0.001, 0.999), 0)
    margin = 0.15 * (high - low) + 1e-6
    frames = list(zip(low - margin, high + margin))
    for i, axis in enumerate(axes):
        row, column = divmod(i, dims)
        if row == column:
            _histograms(axis, data[:, row], samples[:, row], frames[row])
        else:
            _points(axis, data, samples, column, row)
            axis.set_ylim(frames[row])
        axis.set_xlim(frames[column])
    axes[0].legend(["data", "samples"], fontsize="small")
    save(made, path)


def _histograms(axis, data: np.ndarray, samples: np.ndarray, frame: tuple[float, float]) -> None:  # noqa: ANN001
    for values, colour in ((data, DATA), (samples, MODEL)):
        axis.hist(values, bins=40, range=frame, density=True, histtype="step", color=colour)


def _points(axis, data: np.ndarray, samples: np.ndarray, column: int, row: int) -> None:  # noqa: ANN001
    for values, colour in ((data, DATA), (samples, MODEL)):
        axis.scatter(values[:MOST_POINTS, column], values[:MOST_POINTS, row], s=2, color=colour, alpha=0.4, linewidths=0)

"""Samples of series."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowspec.plots.figure import DATA, MODEL, figure, save

MOST_ROWS = 6


def series(samples: np.ndarray, data: np.ndarray | None, path: Path) -> None:
    """Saves samples (N, C, T), the first channel of each, below one another; to their left the data with the same conditions."""
    rows = min(len(samples), MOST_ROWS)
    columns = [("samples", samples, MODEL)] if data is None else [("data", data, DATA), ("samples", samples, MODEL)]
    made, axes = figure(5 * len(columns), 1.1 * rows + 0.5, rows, len(columns))
    for i, axis in enumerate(axes):
        row, column = divmod(i, len(columns))
        title, values, colour = columns[column]
        axis.plot(values[row % len(values), 0], color=colour, linewidth=0.4)
        axis.set_yticks([])
        axis.margins(x=0)
        if row == 0:
            axis.set_title(title, fontsize="small")
        if row < rows - 1:
            axis.set_xticks([])
    save(made, path)

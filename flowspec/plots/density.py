"""Densities of flows in two dimensions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from flowspec.plots.figure import figure, save

LogDensity = Callable[[np.ndarray], np.ndarray]
"""x (N, 2) -> log p (N,)."""


def density_map(log_density: LogDensity, data: np.ndarray, path: Path, side: int = 200) -> None:
    """Saves a histogram of data (N, 2) beside the density of a flow over the same square."""
    low, high = _frame(data)
    made, (left, right) = figure(9, 4.5, 1, 2)
    left.hist2d(*data.T, bins=side // 2, range=list(zip(low, high)), cmap="viridis")
    right.imshow(_heights(log_density, low, high, side), origin="lower", extent=(low[0], high[0], low[1], high[1]), cmap="viridis", aspect="auto")
    left.set_title("data")
    right.set_title("density")
    save(made, path)


def target_map(log_density: LogDensity, samples: np.ndarray, reach: float | None, path: Path, side: int = 200) -> None:
    """Saves an unnormalised density beside the histogram of samples (N, 2) over the same square.

    The square is that which holds the density, where it is known how far it reaches, so that a lost mode is seen.
    """
    low, high = _frame(samples if reach is None else _grid_of(log_density, reach))
    extent = (low[0], high[0], low[1], high[1])
    made, (left, right) = figure(9, 4.5, 1, 2)
    left.imshow(_heights(log_density, low, high, side), origin="lower", extent=extent, cmap="viridis", aspect="auto")
    right.hist2d(*samples.T, bins=side // 2, range=list(zip(low, high)), cmap="viridis")
    left.set_title("target")
    right.set_title("model")
    save(made, path)


def _grid_of(log_density: LogDensity, reach: float, side: int = 400, share: float = 1e-3) -> np.ndarray:
    """The points of a grid where a density is more than a share of its largest value."""
    across = np.linspace(-reach, reach, side, dtype=np.float32)
    grid = np.stack(np.meshgrid(across, across), -1).reshape(-1, 2)
    heights = log_density(grid)
    return grid[heights > heights.max() + np.log(share)]


def _frame(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.quantile(data, 0.001, 0), np.quantile(data, 0.999, 0)
    margin = 0.1 * (high - low) + 1e-6
    return low - margin, high + margin


def _heights(log_density: LogDensity, low: np.ndarray, high: np.ndarray, side: int) -> np.ndarray:
    across, up = (np.linspace(low[i], high[i], side) for i in range(2))
    grid = np.stack(np.meshgrid(across, up), -1).reshape(-1, 2)
    return np.exp(log_density(grid.astype(np.float32))).reshape(side, side)

"""Grids of images."""

from __future__ import annotations

from io import BytesIO
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from PIL import Image

from flowspec.files import replace

SHORTEST_SIDE = 64
"""Pixels that an image should have on its shorter side; smaller ones are enlarged by a whole factor."""


def image_grid(images: np.ndarray, path: Path, levels: int | None = None, columns: int | None = None) -> None:
    """Saves images (N, C, H, W) in rows: integers 0 … levels-1, or real numbers, which their own range maps to grey values.

    One channel is grey, three are red, green and blue; of any other number the first is shown.
    """
    shown = _bytes(images if images.shape[1] in (1, 3) else images[:, :1], levels)
    factor = max(1, SHORTEST_SIDE // min(shown.shape[2:]))
    grid = _tiled(shown.repeat(factor, 2).repeat(factor, 3), columns or ceil(sqrt(len(shown))))
    content = BytesIO()
    Image.fromarray(grid[..., 0] if grid.shape[2] == 1 else grid).save(content, Image.registered_extensions()[path.suffix])
    replace(path, content.getvalue())


def _bytes(images: np.ndarray, levels: int | None) -> np.ndarray:
    values = np.nan_to_num(images.astype(np.float64))
    low, high = (0, levels - 1) if levels else (values.min(), values.max())
    return (255 * ((values - low) / max(high - low, 1e-12)).clip(0, 1)).round().astype(np.uint8)


def _tiled(images: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """(N, C, H, W) -> (rows, columns, C) pixels with a gap around each image."""
    n, channels, height, width = images.shape
    rows = ceil(n / columns)
    grid = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap) + gap, (i % columns) * (width + gap) + gap
        grid[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return grid

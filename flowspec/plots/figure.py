"""Figures: made without a screen, saved whole or not at all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from flowspec.files import replace

DATA, MODEL = "#4c78a8", "#e45756"


def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure, sizes in inches, with its axes row by row."""
    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made, list(made.subplots(rows, columns, squeeze=False).flat)


def save(made: Figure, path: Path, dpi: int = 120) -> None:
    """Writes a figure in the format that the end of its name says."""
    content = BytesIO()
    made.savefig(content, dpi=dpi, format=path.suffix.removeprefix("."))
    replace(path, content.getvalue())

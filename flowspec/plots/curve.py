"""Loss curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowspec.plots.figure import DATA, MODEL, figure, save


def curve(train: Sequence[tuple[int, float]], validation: Sequence[tuple[int, float]], path: Path, unit: str = "nats") -> None:
    """Saves losses over steps, given as (step, loss)."""
    made, (axis,) = figure(7, 4)
    for points, colour, label in ((train, DATA, "training"), (validation, MODEL, "validation")):
        if points:
            axis.plot(*zip(*points), color=colour, label=label, linewidth=1)
    axis.set_xlabel("step")
    axis.set_ylabel(f"-log p ({unit})")
    _robust(axis, [loss for _, loss in (*train, *validation)])
    axis.legend()
    save(made, path)


def _robust(axis, losses: list[float]) -> None:  # noqa: ANN001
    """Leaves the first, very large losses outside the frame."""
    ordered = sorted(losses)
    if len(ordered) > 20:
        low, high = ordered[0], ordered[int(0.97 * (len(ordered) - 1))]
        margin = 0.05 * (high - low) + 1e-9
        axis.set_ylim(low - margin, high + margin)

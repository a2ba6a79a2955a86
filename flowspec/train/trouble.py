"""What went wrong in a step: the loss or its gradient is not finite, and where that began."""

from __future__ import annotations

from pathlib import Path

from flowspec.modules.flow import Flow
from flowspec.train.errors import TrainingError


def bad_loss(cause: str | None, step: int, loss: float, last: Path) -> TrainingError:
    """The error for a loss that is not finite, with its cause if it was found."""
    return TrainingError(f"the loss is {loss} at step {step}: {cause or 'every step is finite when it is run again'}; {_rescue(last)}")


def bad_gradient(flow: Flow, step: int, last: Path) -> TrainingError:
    """The error for a gradient that is not finite. The last parameter is named: gradients come from the prior's end."""
    bad = [name for name, parameter in flow.named_parameters() if parameter.grad is not None and not parameter.grad.isfinite().all()]
    more = f" and of {len(bad) - 1} more" if len(bad) > 1 else ""
    where = f"that of `{bad[-1]}`{more}" if bad else "the sum of its squares overflows"
    return TrainingError(f"the gradient is not finite at step {step}: {where}; {_rescue(last)}")


def _rescue(last: Path) -> str:
    kept = f"the last checkpoint is `{last}`; " if last.exists() else ""
    return f"{kept}a smaller learning rate or `clip` may help"

"""First weights of the layers that have a weight."""

from __future__ import annotations

from typing import Literal

from flowspec.vocabulary.rules import Fault

Start = Literal["default", "zero", "normal", "he"]


def check_direction(start: Start, weight_norm: bool | str) -> None:
    """Raises Fault where weight norm would have no direction."""
    if weight_norm and start == "zero":
        raise Fault("FS208", "weight norm has no direction to start from at zero", argument="start",
                    arguments={"weight_norm": None})  # fmt: skip

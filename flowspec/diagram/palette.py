"""Colours of diagrams: the only home of a colour.

Tints of the Okabe-Ito set, which the colour-blind can tell apart. Fills differ in lightness too, so that they stay apart in
grey print; text is black on every fill. Graphviz needs all six digits.
"""

from __future__ import annotations

from typing import NamedTuple


class Paint(NamedTuple):
    """The fill and the outline of a box."""

    fill: str
    line: str


PALETTE: dict[str, Paint] = {
    "data": Paint("#ffffff", "#000000"),
    "bijection": Paint("#d6e8f7", "#0072b2"),
    "surjection": Paint("#f6c78f", "#b34e00"),
    "stochastic": Paint("#e3a6c6", "#8f3b6b"),
    "prior": Paint("#bfe5d3", "#007a58"),
    "network": Paint("#f1f1f1", "#6b6b6b"),
    "context": Paint("#fbf3b0", "#8a7a00"),
    "section": Paint("#ffffff", "#444444"),
}
"""What each kind of box is painted with; `section` is a closed block."""

CLUSTER = Paint("#fafafa", "#9a9a9a")
INSET = Paint("#ffffff", "#444444")
WIRE = "#222222"
CONDITION = "#5a5a5a"
QUIET = "#4d4d4d"
"""Small print: shapes, networks, captions."""

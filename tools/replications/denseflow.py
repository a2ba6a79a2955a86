"""DenseFlow (Grcic et al. 2021): what noise, cross-unit coupling and attention each bring."""

from __future__ import annotations

from replications.table import Row


def _ablations(side: int) -> tuple[Row, ...]:
    printed = {1: "3.42", 2: "3.40", 3: "3.37", 4: "3.14", 5: "3.08", 6: "3.07"}
    switches = {1: (0, 0, 0), 2: (1, 0, 0), 3: (1, 1, 0), 4: (0, 0, 1), 5: (1, 0, 1), 6: (1, 1, 1)}
    return tuple(
        Row(
            f"row {i}", "denseflow_45_6", {"side": side, "noise": bool(n), "conditioned": bool(c), "attention": bool(a)},
            f"{printed[i]} bits/dim",
        )
        for i, (n, c, a) in switches.items()
    )  # fmt: skip

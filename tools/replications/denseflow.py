"""DenseFlow (Grcic et al. 2021): what noise, cross-unit coupling and attention each bring."""

from __future__ import annotations

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source

SMALL = {
    "side": 16, "units": [3, 1, 1], "modules": 3, "width": 16, "layers": 2, "dense": 16, "plain": 16, "dequantizer": 8,
    "warmup": 100, "samples": 4,
}  # fmt: skip


def _row(number: int, noise: bool, conditioned: bool, attention: bool, printed: str) -> Row:
    switches = {"noise": noise, "conditioned": conditioned, "attention": attention}
    return Row(f"row {number}", "denseflow_45_6", SMALL | switches, printed)


TABLES = {
    "denseflow": Table(
        "DenseFlow (Grcic et al. 2021), Table 4: noise, cross-unit coupling, attention", "bits/dim",
        (
            _row(1, False, False, False, "3.42 bits/dim"),
            _row(2, True, False, False, "3.40 bits/dim"),
            _row(3, True, True, False, "3.37 bits/dim"),
            _row(4, False, False, True, "3.14 bits/dim, 73.134 M"),
            _row(5, True, False, True, "3.08 bits/dim, 73.822 M"),
            _row(6, True, True, True, "3.07 bits/dim, 75.021 M"),
        ),
        Source(name="crops", arguments={"size": 16, "validation": 500, "test": 1000}), 625, 32,
        ("rows share one shape: 3 modules for each of 3 sizes, noise between the 3 units of the first; dense networks of width 16",
         "with 2 layers, plain ones of width 16; 16x16 images; bounds with 4 draws"),
        lr=1e-2,
    ),
}  # fmt: skip

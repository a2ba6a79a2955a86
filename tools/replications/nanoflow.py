"""NanoFlow (Lee et al. 2020): what sharing one estimator costs in likelihood."""

from __future__ import annotations

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source


def _images(uses: int, width: int, side: int) -> tuple[Row, ...]:
    small = {"levels": 2, "width": width, "side": side}
    return (
        Row("Glow-large", "glow_large", small | {"steps": uses}, "3.30 bits/dim, 287.489 M"),
        Row("NanoFlow-naive", "nanoflow_naive", small | {"K": uses}, "3.40 bits/dim, 9.263 M"),
        Row("NanoFlow-decomp", "nanoflow_decomp", small | {"K": uses}, "3.32 bits/dim, 9.935 M"),
        Row("NanoFlow", "nanoflow", small | {"K": uses}, "3.27 bits/dim, 10.113 M"),
    )


TABLES = {
    "nanoflow-images": Table(
        "NanoFlow (Lee et al. 2020), Table 4: one estimator for all steps of a level", "bits/dim", _images(6, 32, 16),
        Source(name="crops", arguments={"size": 16, "train": 3200, "validation": 250, "test": 500}), 200, 32,
        ("rows share one shape: 2 levels of 6 steps, estimators of six 3x3 convolutions of 32 channels, 16x16 images",),
        lr=2e-3,
    ),
}  # fmt: skip

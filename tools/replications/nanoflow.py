"""NanoFlow (Lee et al. 2020): what sharing one estimator costs in likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def _audio(uses: int, width: int, layers: int) -> tuple[Row, ...]:
    small = {"K": uses, "width": width, "layers": layers, "samples": 1024, "rate": 8_000, "bands": 20}
    return (
        Row("WaveFlow", "waveflow", small, "5.1164 nats/sample, 22.336 M"),
        Row("NanoFlow-naive", "nanoflow_audio_naive", small, "5.0341 nats/sample, 2.792 M"),
        Row("NanoFlow-decomp", "nanoflow_audio_decomp", small, "5.048 nats/sample, 2.794 M"),
        Row("NanoFlow", "nanoflow_audio", small, "5.0774 nats/sample, 2.818 M"),
    )


def _nats_per_sample(test: Mapping[str, Any]) -> float:
    return test["nats_per_sample"]


SPEECH = """a folder of mono .wav files of 8,000 samples a second. Debian's asterisk-core-sounds-en-wav has 85 seconds of numbers and dates
by one speaker (apt-get install asterisk-core-sounds-en-wav): --data /usr/share/asterisk/sounds/en_US_f_Allison/digits; 21 minutes of
sentences lie in the folder above it."""
TABLES = {
    "nanoflow-images": Table(
        "NanoFlow (Lee et al. 2020), Table 4: one estimator for all steps of a level", "bits/dim", _images(6, 32, 16),
        Source(name="crops", arguments={"size": 16, "train": 3200, "validation": 250, "test": 500}), 200, 32,
        ("rows share one shape: 2 levels of 6 steps, estimators of six 3x3 convolutions of 32 channels, 16x16 images",),
        lr=2e-3,
    ),
    "nanoflow-audio": Table(
        "NanoFlow (Lee et al. 2020), the rebuttal's Table 3: one estimator for all steps of WaveFlow", "log p (nats/sample)", _audio(4, 16, 4),
        Source(name="audio", arguments={"samples": 1024, "rate": 8_000, "bands": 20, "noise": True}), 150, 4,
        (
            "rows share one shape: 4 steps of 4 layers of 16 channels, 16 rows; pieces of 1,024 samples at 8 kHz, spectrograms of 20 bands",
            "the width of a 16-bit level is added as noise: the recordings have digital silence",
        ),
        value=_nats_per_sample, lr=2e-3, needs=SPEECH,
    ),
}  # fmt: skip

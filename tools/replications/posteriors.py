"""Posteriors of a variational autoencoder (De Cao et al. 2019, Table 2): what each flow brings, on binary digits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source

SMALL = {
    "height": 8, "width": 8, "latent": 8, "base": 8, "features": 64, "flows": 8, "hidden": 64, "columns": 4, "reflections": 4,
    "start": "he", "warm": 30, "samples": 50,
}  # fmt: skip
PRINTED = {
    "none": "86.55 / 82.14", "planar": "86.06 / 81.91", "iaf": "84.20 / 80.79", "orthogonal": "83.32 / 80.22 (Sylvester)",
    "householder": "", "triangular": "", "bnaf": "83.59 / 80.71",
}  # fmt: skip
FACES = {
    "none": "4.53 / 4.40", "planar": "4.40 / 4.31", "iaf": "4.47 / 4.38", "orthogonal": "4.45 / 4.35 (Sylvester)", "bnaf": "4.42 / 4.33",
}  # fmt: skip
SPLIT = [count / 1_965 for count in (1_565, 200, 200)]


def weighted(test: Mapping[str, Any]) -> float:
    """The importance-weighted negative log-likelihood in nats."""
    return -test["nats"]


def bound(run: Path) -> float:
    """The negative bound of a single draw in nats."""
    return -sum(_terms(run).values())


def divergence(run: Path) -> float:
    """KL(q(z | x) || p(z)) in nats: 0 where the posterior has collapsed onto the prior."""
    return bound(run) + _terms(run)["reconstruction"]


def _terms(run: Path) -> dict[str, float]:
    terms = json.loads((run / "result.json").read_text())["test"]["terms"]
    return {name: term["nats"] for name, term in terms.items()}


TABLES = {
    "posteriors-digits": Table(
        "Posteriors of a variational autoencoder (De Cao et al. 2019), Table 2 in small: binary 8x8 digits", "NLL, nats",
        tuple(Row(name, "vae_posteriors", SMALL | {"posterior": name}, printed) for name, printed in PRINTED.items()),
        Source(name="binary_digits", arguments={"bits": "once"}), 1_000, 100,
        ("8 latents, 8 flows (B-NAF: 4), 50 importance-weighted draws; the paper's (static MNIST): -ELBO / NLL",
         "the divergence comes in over 30 epochs; weights start as `he`, where the authors train for up to 2,000 epochs"),
        value=weighted, lr=5e-3, measures={"-ELBO": bound, "KL": divergence},
    ),
    "posteriors-faces": Table(
        "Posteriors of a variational autoencoder (De Cao et al. 2019), Table 2 in small: Frey faces", "bits/dim",
        tuple(Row(name, "vae_posteriors", SMALL | {"height": 28, "width": 20, "levels": 256, "posterior": name}, printed)
              for name, printed in FACES.items()),
        Source(name="file", arguments={"split": SPLIT}), 1_000, 100,
        ("8 latents, 8 flows (B-NAF: 4), 50 importance-weighted draws; the paper's: -ELBO / NLL, of 64 latents and 16 flows (8)",),
        lr=5e-3, measures={"-ELBO, nats": bound, "KL": divergence}, needs="a .npz of the 1,965 Frey faces, 28x20",
    ),
}  # fmt: skip

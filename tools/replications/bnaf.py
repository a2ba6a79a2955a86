"""B-NAF (De Cao et al. 2019): densities and energies of the plane, and its table on the bundled photographs' patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source

ENTROPIES = {
    "eight_gaussians": 2.840, "two_spirals": 2.643, "checkerboard": 3.466, "pinwheel": 2.322, "moons": 2.397, "circles": 3.272,
    "rings": 2.631, "swissroll": 2.675,
}  # fmt: skip
"""Nats: the loss of the true density, by quadrature of the generators' formulas."""


def _toy(name: str) -> Row:
    data = Source(name=name, arguments={"size": 100_000, "validation": 2_000, "test": 20_000})
    return Row(name, "bnaf_toy", {}, f"entropy {ENTROPIES[name]:.3f}", source=data)


def _divergence(test: Mapping[str, Any]) -> float:
    return test["kl"]


TABLES = {
    "bnaf-density": Table(
        "B-NAF (De Cao et al. 2019), Fig. 3: densities of the plane", "nats", tuple(_toy(name) for name in ENTROPIES), None, 5_000, 200,
        ("one flow, 3 layers of 100 units, 15,904 live parameters; 5,000 steps where the paper has 20,000",),
    ),
    "bnaf-energy": Table(
        "B-NAF (De Cao et al. 2019), Fig. 4: energies of Rezende & Mohamed (2015)", "KL",
        tuple(Row(f"U{i}", "bnaf_energy", {"energy": f"u{i}"}, "a picture") for i in range(1, 5)), None, 5_000, 200,
        ("one flow, 2 layers of 100 units, 8,204 live parameters; KL(q || p) in nats from 20,000 samples, log Z by quadrature",),
        _divergence,
    ),
}  # fmt: skip

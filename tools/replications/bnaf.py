"""B-NAF (De Cao et al. 2019): densities and energies of the plane, and its table on the bundled photographs' patches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source

ENTROPIES = {
    "eight_gaussians": 2.840, "two_spirals": 2.643, "checkerboard": 3.466, "pinwheel": 2.322, "moons": 2.397, "circles": 3.272,
    "rings": 2.631, "swissroll": 2.675,
}  # fmt: skip
"""Nats: the loss of the true density, by quadrature of the generators' formulas."""

MIXED, ROUNDS = 10_000, 20
"""Patches that a mixture is fitted to, and rounds of expectation maximisation at most: about a minute."""


def _toy(name: str) -> Row:
    data = Source(name=name, arguments={"size": 100_000, "validation": 2_000, "test": 20_000})
    return Row(name, "bnaf_toy", {}, f"entropy {ENTROPIES[name]:.3f}", source=data)


def _patches() -> tuple[Row, ...]:
    return (
        Row("B-NAF", "bnaf_table", {"per": 5, "layers": 1, "slope": 0.01}, "157.36"),
        Row("MAF", "maf", {"transforms": 3, "width": 128}, "155.69"),
        Row("RealNVP", "table/realnvp", {"transforms": 6, "width": 128}, "153.28"),
        Row("NSF", "nsf_ar", {"transforms": 2, "width": 48}, "-"),
        Row("MADE", "maf", {"transforms": 1, "width": 256}, "153.71 (mixtures)"),
        Row("Glow", "glow_table", {"steps": 6, "width": 128}, "155.07"),
    )


def _divergence(test: Mapping[str, Any]) -> float:
    return test["kl"]


def _original(test: Mapping[str, Any]) -> float:
    return test["original"]


def _densities_by_hand(source: Source) -> dict[str, float]:
    """The test log-likelihood of a Gaussian and of a mixture of 20, fitted by expectation maximisation: what flows have to beat."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    from flowspec.data import load

    data, found = load(source.name, **source.arguments), {}
    for count in (1, 20):
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            mixture = GaussianMixture(count, max_iter=ROUNDS, random_state=0).fit(data.train[:MIXED].astype(float))
        found["Gaussian" if count == 1 else f"mixture of {count}"] = float(mixture.score(data.test)) + data.log_scale
    return found


TABLES = {
    "bnaf-density": Table(
        "B-NAF (De Cao et al. 2019), Fig. 3: densities of the plane", "nats", tuple(_toy(name) for name in ENTROPIES), None, 5_000, 200,
        ("one flow, 3 layers of 100 units, 15,904 live parameters; 5,000 steps where the paper has 20,000",),
    ),
    "bnaf-energy": Table(
        "B-NAF (De Cao et al. 2019), Fig. 4: energies of Rezende & Mohamed (2015)", "KL",
        tuple(Row(f"U{i}", "bnaf_energy", {"energy": f"u{i}"}, "a picture") for i in range(1, 5)), None, 5_000, 200,
        ("one flow, 2 layers of 100 units, 8,204 live parameters; KL(q || p) in nats from 20,000 samples, log Z by quadrature",),
        value=_divergence,
    ),
    "bnaf-patches": Table(
        "B-NAF (De Cao et al. 2019), Table 1, BSDS300: its rows on 8x8 patches of scikit-learn's two photographs", "log p", _patches(),
        Source(name="patches", arguments={"size": 8, "standardise": True, "train": 50_000, "validation": 2_000, "test": 5_000}), 600, 256,
        ("63 dimensions, 600 steps of 256 for each; log p in nats in units of 256 grey levels, more is better",
         "the paper's numbers are of other images, and not comparable"),
        value=_original, baselines=_densities_by_hand,
    ),
}  # fmt: skip

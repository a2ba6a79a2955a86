"""Density matching: a flow is brought close to exp(-U) / Z by the reverse KL divergence of its own samples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import exp, log, sqrt
from pathlib import Path

import torch
from torch import Tensor, nn

from flowspec.modules.flow import Condition, Flow
from flowspec.train.batches import Batch, seeded
from flowspec.train.energies import EnergyFunction, Functions, energy_function, log_constant
from flowspec.train.evaluate import measuring
from flowspec.train.pictures import draw_match
from flowspec.train.task import MOST_VALIDATION
from flowspec.vocabulary.settings.energies import Energy

CHUNK = 2_000


@dataclass(frozen=True)
class Divergence:
    """How far a flow q is from its target.

    `nats` is E_q[log q(x) + U(x)] with its standard error, `log_constant` log Z where it is known, and `kl` their sum, the
    divergence KL(q || p). `ess` is the effective sample size of the draws weighted by p / q, as a share of them (Kish 1965): it is
    1 where q is p, and falls where q spreads too thin. A part of p that q has lost altogether shows in `kl` alone.
    """

    nats: float
    error: float
    log_constant: float | None
    ess: float
    terms: dict[str, float]
    examples: int

    @property
    def kl(self) -> float | None:
        """KL(q || p) in nats."""
        return None if self.log_constant is None else self.nats + self.log_constant

    def as_json(self) -> dict[str, float | int | dict[str, float] | None]:
        """The fields by name."""
        return asdict(self) | {"kl": self.kl}

    def __str__(self) -> str:
        share = f"effective sample size {100 * self.ess:.1f} % of {self.examples}"
        if self.kl is None:
            return f"E[log q + U] = {self.nats:.4f} +- {self.error:.4f} nats ({share}); log Z is not known"
        return f"KL(q || p) = {self.kl:.4f} +- {self.error:.4f} nats ({share}; log Z = {self.log_constant:.4f} by quadrature)"

    def account(self) -> str:
        """What the number is the sum of."""
        parts = self.terms | ({} if self.log_constant is None else {"log_constant": self.log_constant})
        width = max(map(len, (*parts, "sum")))
        lines = [f"  {name:<{width}}  {value:>14.4f} nats" for name, value in (parts | {"sum": sum(parts.values())}).items()]
        return "\n".join(lines)


class Match(nn.Module):
    """E_q[log q(x) + U(x)] over as many draws as the batch has rows. Its terms have no weights."""

    def __init__(self, flow: Flow, energy: EnergyFunction):
        super().__init__()
        self.flow, self.energy = flow, energy

    def forward(self, x: Tensor, context: Condition, weights: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        terms = {name: value.mean() for name, value in drawn(self.flow, self.energy, len(x)).items()}
        return sum(terms.values()), {name: value.detach() for name, value in terms.items()}


def drawn(flow: Flow, energy: EnergyFunction, n: int) -> dict[str, Tensor]:
    """log q(x) and U(x) of n draws, each (n,)."""
    x, log_q = flow.sample_with_log_prob(n)
    return {"log_q": log_q, "energy": energy(x)}


@dataclass(frozen=True, eq=False)
class Matching:
    """Makes the flow's samples those of an energy; `examples` draws are an epoch."""

    word: Energy
    declared: Functions
    examples: int
    features: int

    @cached_property
    def energy(self) -> EnergyFunction:
        """U in torch."""
        return energy_function(self.word, self.declared)

    @cached_property
    def log_constant(self) -> float | None:
        """log Z, where it is known."""
        return log_constant(self.word, self.energy, self.features)

    def batch(self, index: Tensor, chance: torch.Generator) -> Batch:
        """Rows without columns: what is seen are the flow's own draws."""
        return Batch(torch.empty(len(index), 0))

    def objective(self, flow: Flow) -> Match:
        """The divergence, but for log Z."""
        return Match(flow, self.energy)

    def initialise(self, flow: Flow, batch: Batch, frozen: Collection[str]) -> None:
        """Nothing starts from data."""

    def cause(self, flow: Flow, batch: Batch) -> str | None:
        """Which of the two terms is not finite."""
        with torch.no_grad():
            found = drawn(flow, self.energy, len(batch))
        bad = [f"{name} of {int((~value.isfinite()).sum())} of {len(value)} draws" for name, value in found.items() if not value.isfinite().all()]
        return f"{' and '.join(bad)} is not finite" if bad else None

    def validate(self, flow: Flow, seed: int) -> float:
        """The divergence but for log Z, always of the same noise."""
        return self._measured(flow, seeded(seed, "validation"), min(self.examples, MOST_VALIDATION), None).nats

    def measure(self, flow: Flow, seed: int, samples: int | None = None) -> Divergence:
        """The divergence over as many draws as an epoch has."""
        return self._measured(flow, seeded(seed, "test"), self.examples, self.log_constant)

    def _measured(self, flow: Flow, seed: int, n: int, constant: float | None) -> Divergence:
        with measuring(flow, seed):
            parts = [drawn(flow, self.energy, size) for size in _sizes(n)]
        terms = {name: torch.cat([part[name] for part in parts]).double().cpu() for name in parts[0]}
        values = sum(terms.values())
        log_ess = 2 * torch.logsumexp(-values, 0) - torch.logsumexp(-2 * values, 0)
        means = {name: float(value.mean()) for name, value in terms.items()}
        return Divergence(float(values.mean()), float(values.std()) / sqrt(n), constant, exp(float(log_ess) - log(n)), means, n)

    def draw(self, flow: Flow, folder: Path, seed: int) -> None:
        """The curve and, in two dimensions, target and model side by side."""
        draw_match(flow, self.energy, self.word.reach(), folder, seed)


def _sizes(n: int) -> Iterator[int]:
    """n draws, so many at a time."""
    for start in range(0, n, CHUNK):
        yield min(CHUNK, n - start)

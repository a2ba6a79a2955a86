"""The likelihood of a flow on data, with what kind of number it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import log, sqrt

import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.terms import terms
from flowspec.train.batches import Batch, chunks, seeded
from flowspec.vocabulary.inputs.audio import Audio
from flowspec.vocabulary.rules import Likelihood


@dataclass(frozen=True)
class Likelihoods:
    """Mean log-likelihood of examples.

    `nats` for each example with its standard error `error`; `bits_per_dim` where the data are integers; `nats_per_sample` of
    sound, whose values lie in [-1, 1); `original` in nats in the units that a standardised table had before. `kind` says whether
    the numbers are exact, estimates or lower bounds, and `samples` over how many draws of the noise a bound is tightened or an
    estimate averaged. `average` is the mean of the bounds with one draw each.
    """

    nats: float
    error: float
    bits_per_dim: float | None
    nats_per_sample: float | None
    original: float | None
    kind: Likelihood
    samples: int
    average: float
    examples: int
    terms: dict[str, dict[str, float | str]] = field(default_factory=dict)
    """Mean nats and kind of each term of log p, or of its bound with a single draw, by name, as `flowspec.terms` tells them."""

    def as_json(self) -> dict[str, float | int | str | None]:
        """The fields by name."""
        return asdict(self)

    def __str__(self) -> str:
        sign = {"exact": "=", "estimate": "~", "bound": ">="}[self.kind]
        bits = "" if self.bits_per_dim is None else f", {'<=' if sign == '>=' else sign} {self.bits_per_dim:.4f} bits/dim"
        sound = "" if self.nats_per_sample is None else f", {sign} {self.nats_per_sample:.4f} nats/sample"
        original = "" if self.original is None else f", {self.original:.4f} in original units"
        return f"log p {sign} {self.nats:.4f} +- {self.error:.4f} nats{bits}{sound}{original} ({self.kind}, {self.examples} examples)"

    def account(self) -> str:
        """The terms that log p, or its bound with one draw, is the sum of."""
        width = max(map(len, self.terms), default=0)
        lines = [f"  {name:<{width}}  {term['nats']:>14.4f} nats  {term['kind']}" for name, term in self.terms.items()]
        lines.append(f"  {'sum':<{width}}  {sum(float(term['nats']) for term in self.terms.values()):>14.4f} nats")
        if self.samples > 1:
            lines.append(f"  {self.samples} draws, each a {self.kind} of its own: {self.average:.4f} nats on average")
        return "\n".join(lines)


def evaluate(flow: Flow, data: Batch, samples: int = 1, batch: int = 256, seed: int = 0, stream: str = "test",
             log_scale: float | None = None) -> Likelihoods:  # fmt: skip
    """The log-likelihood of data, each example with `samples` draws of the flow's noise.

    A bound becomes the importance-weighted bound log mean_k p(x, u_k)/q(u_k | x) (Burda et al. 2016), tighter with every
    draw; an estimate becomes the mean. At most `batch` rows are run at once, of one draw of many examples or of many draws of few.
    Exact likelihoods need one draw. With one draw the value is the sum of the terms, some of which may have closed forms; importance
    weights are those of draws.
    """
    kind = flow.checked.facts.likelihood
    samples = 1 if kind == "exact" else samples
    with measuring(flow, seeded(seed, stream)):
        found = [_of_batch(flow, part, samples, kind, batch) for part in chunks(data, max(1, batch))]
    values, averages = (torch.cat(parts) for parts in list(zip(*found))[:2])
    means = {term.name: sum(float(sums[term.name]) for *_, sums in found) / len(values) for term in terms(flow.checked)}
    account = {term.name: {"nats": means[term.name], "kind": term.kind} for term in terms(flow.checked)}
    return _summary(flow, values, float(averages.mean()), samples, kind, log_scale, account)


@contextmanager
def measuring(flow: Flow, seed: int) -> Iterator[None]:
    """Evaluation mode without gradients, with noise from `seed`; the flow's mode and torch's chance are then as before."""
    modes = {module: module.training for module in flow.modules()}
    flow.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        for module, training in modes.items():
            module.training = training


def _of_batch(flow: Flow, batch: Batch, samples: int, kind: Likelihood, rows: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Log-likelihoods, means over draws and sums of the terms: -> log_p_B and average_B in float64, a sum for each term."""
    batch = batch.to(flow.device)
    parts = {name: part.double().cpu() for name, part in flow.terms(batch.x, batch.context).items()}
    single = torch.stack(list(parts.values())).sum(0)
    values, averages = (single, single) if samples == 1 else _of_draws(flow, batch, samples, kind, rows)
    return values, averages, {name: part.sum() for name, part in parts.items()}


def _of_draws(flow: Flow, batch: Batch, samples: int, kind: Likelihood, rows: int) -> tuple[Tensor, Tensor]:
    """log_p_B of several draws and their average_B, as many draws at once as fill the rows."""
    at_once, found = max(1, rows // len(batch)), []
    for done in range(0, samples, at_once):
        drawn = min(at_once, samples - done)
        repeated = batch[torch.arange(len(batch), device=batch.x.device).repeat(drawn)]
        found.append(flow.log_prob(repeated.x, repeated.context).double().cpu().view(drawn, len(batch)))
    draws = torch.cat(found)
    average = draws.mean(0)
    return average if kind == "estimate" else draws.logsumexp(0) - log(samples), average


def _summary(flow: Flow, values: Tensor, average: float, samples: int, kind: Likelihood, log_scale: float | None,
             account: dict[str, dict[str, float | str]]) -> Likelihoods:  # fmt: skip
    nats = float(values.mean())
    error = float(values.std() / sqrt(len(values))) if len(values) > 1 else 0.0
    original = None if log_scale is None else nats + log_scale
    return Likelihoods(nats, error, bits_per_dim(flow, nats), nats_per_sample(flow, nats), original, kind, samples, average, len(values), account)


def bits_per_dim(flow: Flow, nats: float) -> float | None:
    """-log2 p / D for integer data; None for real data, whose densities have units."""
    state = flow.input_state
    return None if state.levels is None else -nats / (state.size * log(2))


def nats_per_sample(flow: Flow, nats: float) -> float | None:
    """log p / T for sound of T samples (WaveFlow, Ping et al. 2020, sec. 5.1); None for other data."""
    return nats / flow.input_state.size if isinstance(flow.checked.graph.input, Audio) else None

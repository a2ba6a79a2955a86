"""Training in flowspec and in a peer: the same data in the same order, the same budget, the same evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from time import process_time

import numpy as np
import torch
from torch import Tensor

from peers.models import Candidate


@dataclass(frozen=True)
class Budget:
    """How long, and how, a flow is trained."""

    steps: int
    batch: int
    lr: float
    clip: float


@dataclass(frozen=True)
class Outcome:
    """The test log-likelihood of one trained flow, in nats per example, and the CPU seconds of a step."""

    nats: float
    seconds: float
    initial: float


def train(candidate: Candidate, data: Tensor, test: Tensor, budget: Budget, seed: int) -> Outcome:
    """Adam with a cosine to zero; batches depend on the seed alone."""
    optimizer = torch.optim.Adam(candidate.module.parameters(), lr=budget.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, budget.steps)
    order = np.random.default_rng(seed)
    initial, begun = evaluate(candidate, test), process_time()
    candidate.module.train()
    for _ in range(budget.steps):
        x = data[torch.from_numpy(order.integers(len(data), size=budget.batch))]
        optimizer.zero_grad(set_to_none=True)
        (-candidate.log_prob(x).mean()).backward()
        torch.nn.utils.clip_grad_norm_(candidate.module.parameters(), budget.clip)
        optimizer.step()
        schedule.step()
    seconds = (process_time() - begun) / budget.steps
    return Outcome(evaluate(candidate, test), seconds, initial)


@torch.no_grad()
def evaluate(candidate: Candidate, test: Tensor) -> float:
    """The mean log-likelihood in nats."""
    candidate.module.eval()
    return torch.cat([candidate.log_prob(part).double() for part in test.split(500)]).mean().item()


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the standard deviation over seeds (0 of one)."""
    return fmean(values), stdev(values) if len(values) > 1 else 0.0

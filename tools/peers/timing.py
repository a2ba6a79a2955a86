"""Times of candidates side by side, on a machine that others use too.

A round gives each candidate a short slot, starting with another one each time; what is compared are the times of one round.
CPU time does not count what a neighbour takes of the core.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time

import torch

from peers.models import Candidate, Task


@dataclass
class Times:
    """CPU seconds for a call of one candidate, one number for each round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.rounds)

    def over(self, other: Times) -> float:
        """How many times as long as another takes: the median over the rounds."""
        return median(mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True))


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int, slot: float, most: float) -> dict[str, Times]:
    """Times of calls by name; after `most` seconds no other round is begun."""
    names, times = list(calls), {name: Times() for name in calls}
    start = perf_counter()
    for call in calls.values():
        call()
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times[name].rounds.append(_slot(calls[name], slot))
        if perf_counter() - start > most:
            break
    return times


def _slot(call: Callable[[], object], seconds: float) -> float:
    gc.collect()
    gc.disable()
    count, end, begun = 0, perf_counter() + seconds, process_time()
    while count == 0 or perf_counter() < end:
        call()
        count += 1
    taken = process_time() - begun
    gc.enable()
    return taken / count


def training(candidate: Candidate, task: Task, log_prob: Callable, fused: bool = True) -> Callable[[], None]:
    """A step of Adam on one batch."""
    x = task.example()
    candidate.module.train()
    optimizer = torch.optim.Adam(candidate.module.parameters(), lr=1e-4, fused=fused)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        (-log_prob(x).mean() / x[0].numel()).backward()
        optimizer.step()

    return step


def density(candidate: Candidate, task: Task, log_prob: Callable) -> Callable[[], None]:
    """log p of one batch, without gradients."""
    x = task.example()
    candidate.module.eval()

    def call() -> None:
        with torch.no_grad():
            log_prob(x)

    return call


def sampling(candidate: Candidate, task: Task, log_prob: Callable) -> Callable[[], None]:
    """Draws as many examples as a batch has."""
    candidate.module.eval()

    def call() -> None:
        with torch.no_grad():
            candidate.sample(task.batch)

    return call


MEASURES = {"train": training, "log_prob": density, "sample": sampling}

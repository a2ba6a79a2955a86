"""WaveFlow with 64 channels in seconds: a training step, the log-likelihood and the synthesis of one clip of 16,000 samples.

    python tools/time_waveflow.py --threads 2 --rounds 5

Each round times a matrix product too, so that a share of what the machine multiplies can be compared between machines. Of every
round's times the least counts. Where others use the machine, CPU seconds divided by the threads are nearer to its own speed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from collections.abc import Callable
from time import perf_counter, process_time

import click
import torch
from torch import Tensor

import flowspec
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph

SIDE = 1536
"""Of the square matrices whose product is the measure, in float32."""
AUTHORS = {"training step": 5.6, "log-likelihood": 1.65, "synthesis": 2.0}
"""Seconds of the authors' modules (github.com/L0SG/NanoFlow), on two threads whose product of matrices ran at AUTHORS_RATE."""
AUTHORS_RATE = 343.0
Seconds = tuple[float, float]
"""Of the wall clock, and of the CPU."""


@click.command()
@click.option("--threads", default=2, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option("--samples", default=16_000, show_default=True, help="Length of the clip; a multiple of 16.")
def main(threads: int, rounds: int, samples: int) -> None:
    """Prints seconds, GFLOP/s and the share of the product of matrices, of each use of the model."""
    torch.set_num_threads(threads)
    spec = flowspec.load("waveflow_64", samples=samples)
    flops = 2 * of_graph(spec.checked.graph).density
    calls = _uses(spec.build(seed=0), spec)
    works = {"product": 2 * SIDE**3, "training step": 3 * flops, "log-likelihood": flops, "synthesis": flops}
    best: dict[str, Seconds] = {}
    for _ in range(rounds):
        for name, call in calls.items():
            found = _timed(call)
            best[name] = tuple(map(min, zip(found, best.get(name, found))))
    for line in _lines(best, works, threads):
        click.echo(line)


def _uses(flow: Flow, spec: flowspec.Spec) -> dict[str, Callable[[], object]]:
    generator = torch.Generator().manual_seed(0)
    a, x = torch.rand(SIDE, SIDE, generator=generator), torch.rand(1, *flow.input_state.shape, generator=generator) - 0.5
    mel = torch.rand(1, *spec.checked.graph.contexts[0].word.state().shape, generator=generator)
    deployed = spec.deploy(flow).eval()

    def train() -> None:
        flow.zero_grad(set_to_none=True)
        (-flow.log_prob(x, mel)).mean().backward()

    @torch.no_grad()
    def likelihood() -> Tensor:
        return deployed.log_prob(x, mel)

    return {"product": lambda: a @ a, "training step": train, "log-likelihood": likelihood, "synthesis": lambda: deployed.sample(1, mel)}


def _timed(call: Callable[[], object]) -> Seconds:
    wall, cpu = perf_counter(), process_time()
    call()
    return perf_counter() - wall, process_time() - cpu


def _lines(best: dict[str, Seconds], works: dict[str, int], threads: int) -> list[str]:
    rates = {name: [works[name] / 1e9 / seconds for seconds in (wall, cpu / threads)] for name, (wall, cpu) in best.items()}
    lines = [f"{threads} threads; product of {SIDE}x{SIDE} matrices: {rates['product'][0]:.0f} GFLOP/s, by CPU time {rates['product'][1]:.0f}"]
    for name, seconds in AUTHORS.items():
        wall, cpu = best[name]
        share = max(rate / product for rate, product in zip(rates[name], rates["product"]))
        there, theirs = works[name] / 1e9 / AUTHORS_RATE / share, works[name] / 1e9 / AUTHORS_RATE / seconds
        lines.append(
            f"{name:15} {wall:6.2f} s, {cpu / threads:5.2f} s of CPU a thread, {100 * share:.0f} % of the product: {there:.2f} s where that runs"
            f" at {AUTHORS_RATE:.0f} GFLOP/s (the authors' modules there: {seconds:.2f} s, {100 * theirs:.0f} %)"
        )
    return lines


if __name__ == "__main__":
    main()

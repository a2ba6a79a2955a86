"""Numeric proof: the built flow held against what its words state, step by step and as a whole."""

from __future__ import annotations

import torch

from flowspec.checked import CheckedGraph
from flowspec.modules.build import build
from flowspec.verify.counts import contracts, counts
from flowspec.verify.density import integral
from flowspec.verify.examples import contexts_of, double_precision, examples, perturb
from flowspec.verify.result import Check, StepCheck, Verification
from flowspec.verify.steps import verify_steps
from flowspec.verify.whole import log_det, round_trip

__all__ = ["Check", "StepCheck", "Verification", "verify"]

START_BATCH = 32


def verify(checked: CheckedGraph, batch: int = 4, seed: int = 0) -> Verification:
    """Builds a flow in float64, moves its parameters off their start, and tries it on random examples.

    Each step: the round trip, that both directions state one log-det, and that log-det against autograd's Jacobian where the
    step is small enough. The whole: the same, parameter counts against their rules, contracts against the module, and for
    flows in one or two dimensions that the density integrates to one.
    """
    graph = checked.graph
    with double_precision(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = build(checked).double()
        start = max(batch, START_BATCH) if graph.input_state.size <= 4096 else batch
        perturb(flow)
        flow.initialise(examples(graph.input_state, start), contexts_of(graph, start))
        flow.eval().requires_grad_(False)
        x, context = examples(graph.input_state, batch), contexts_of(graph, batch)
        steps = verify_steps(flow, x, context)
        whole = [*round_trip(flow, x, context), *log_det(flow, x, context), *integral(flow)]
    return Verification(graph.name, steps, (*whole, *counts(flow), *contracts(flow)))

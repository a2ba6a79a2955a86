"""Faults that random specs have found, each as the spec that showed it."""

from __future__ import annotations

import torch

from flowspec.modules.build import build
from tests.spec_text import compiled, faults

FACTORED = "flow f {{ input vector(4); {}\nprior gaussian }}"


def test_one_wire_alone_can_be_merged() -> None:
    by_wires = build(compiled(FACTORED.format("split(3) as (a, b); on b { prior gaussian }; merge(a)")))
    at_once = build(compiled(FACTORED.format("split(3, prior=gaussian)")))
    x = torch.randn(5, 4)
    torch.testing.assert_close(by_wires.log_prob(x), at_once.log_prob(x))
    torch.testing.assert_close(by_wires.inverse(by_wires(x)[0]), x)


def test_a_prior_that_fails_still_ends_its_wire() -> None:
    assert faults(FACTORED.format("split(half, prior=gaussian(mlp([4]), given=nowhere))")) == [("FS201", "nowhere")]

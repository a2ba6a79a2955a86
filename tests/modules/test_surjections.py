"""Maps that forget something: what they contribute makes a density of the data."""

from __future__ import annotations

from math import log

import pytest
import torch

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.spec import load
from tests.spec_text import faults


def built(body: str) -> Flow:
    flow = load(f"flow f {{ {body} }}").build(seed=1).double()
    torch.manual_seed(2)
    for parameter in flow.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return flow.eval().requires_grad_(False)


def integral(flow: Flow, side: int = 401, reach: float = 12.0) -> float:
    """Of the density of two features, by the trapezoid rule."""
    line = torch.linspace(-reach, reach, side, dtype=torch.float64)
    return float(flow.log_prob(torch.cartesian_prod(line, line)).exp().sum() * (line[1] - line[0]) ** 2)


@pytest.mark.parametrize(
    ("body", "mass"),
    [
        ("abs; prior halfgaussian(learned)", 1.0),
        ("coupling(affine(scale=tanh), mlp([8])); abs; prior halfgaussian(learned)", 1.0),
        ("coupling(affine(scale=tanh), mlp([8])); abs; prior gaussian", 0.25),  # the quarter of what is drawn that |x| reaches
        ("coupling(affine(scale=tanh), mlp([8])); sort; prior gaussian", 0.5),  # the half of it that is in order
    ],
)
def test_the_density_of_two_features_integrates_to_what_is_reached(body: str, mass: float) -> None:
    assert integral(built(f"input vector(2); {body}")) == pytest.approx(mass, abs=2e-3)


@pytest.mark.parametrize("differences", ["halfgaussian(learned)", "halfgaussian(conv(1, 4) >> tanh >> conv(1))"])
def test_the_density_of_a_pooled_image_integrates_to_one(differences: str) -> None:
    """Four pixels: the mean of p(x) / q(x) over draws from another density q."""
    flow = built(f"input image(1, 2, 2, levels=real); maxpool(differences={differences}); prior gaussian(learned)")
    torch.manual_seed(0)
    drawn = flow.sample(2_000).flatten(1)
    q = torch.distributions.StudentT(5.0, drawn.mean(0), 1.2 * drawn.std(0))
    x = q.sample((200_000,))
    weights = (flow.log_prob(x.view(-1, 1, 2, 2)) - q.log_prob(x).sum(1)).exp()
    assert float(weights.mean()) == pytest.approx(1, abs=5 * float(weights.std()) / len(x) ** 0.5)
    assert weights.std() / len(x) ** 0.5 < 0.02


def test_draws_have_the_density_that_is_stated_of_them() -> None:
    for body in ("input vector(3); abs; prior halfgaussian(learned)", "input image(1, 4, 4, levels=real); maxpool(differences=halfgaussian(learned)); prior gaussian(learned)"):
        flow = built(body)
        x, log_p = flow.sample_with_log_prob(50)
        torch.testing.assert_close(log_p, flow.log_prob(x))


def test_a_shuffled_flow_is_a_bound_on_the_mean_over_orders() -> None:
    flow, straight = built("input vector(2); shuffle; linear; prior gaussian"), built("input vector(2); linear; prior gaussian")
    x = torch.tensor([[0.3, -1.2]], dtype=torch.float64)
    both = torch.cat((straight.log_prob(x), straight.log_prob(x.flip(1))))
    torch.manual_seed(0)
    drawn = flow.log_prob(x.expand(4_000, 2))
    assert set(drawn.tolist()) == set(both.tolist()) and flow.checked.facts.likelihood == "bound"
    assert float(drawn.mean()) < float(both.logsumexp(0)) - log(2)
    torch.testing.assert_close(drawn.exp().mean(), both.exp().mean(), rtol=0.05, atol=0)


def test_what_is_drawn_back() -> None:
    torch.manual_seed(0)
    z = torch.rand(2_000, 3) + 0.5
    x = build(load("flow f { input vector(3); abs; prior halfgaussian }").checked).inverse(z)
    assert torch.equal(x.abs(), z) and abs(float(x.sign().mean())) < 0.05
    ordered = z.sort(1).values
    x = build(load("flow f { input vector(3); sort; prior gaussian }").checked).inverse(ordered)
    assert torch.equal(x.sort(1).values, ordered)
    assert torch.bincount(x.argsort(1) @ torch.tensor([9, 3, 1])).count_nonzero() == 6  # of six orders, all are drawn
    pooled = load("flow f { input image(2, 4, 4, levels=real); maxpool; prior gaussian }").build()
    z = torch.randn(500, 2, 2, 2)
    x = pooled.inverse(z, temperature={})
    assert torch.equal(torch.nn.functional.max_pool2d(x, 2), z)
    assert torch.equal(pooled.inverse(z, temperature=0.0), z.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_facts() -> None:
    facts = load("flow f { input vector(4); abs; prior halfgaussian }").checked.facts
    assert facts.likelihood == "exact" and facts.inverse == "analytic" and facts.mass == "one"
    assert load("flow f { input vector(4); abs; prior gaussian }").checked.facts.mass == "less"
    assert load("flow f { input vector(4); sort; prior gaussian }").checked.facts.causes["mass"] == ("sort",)
    assert load("flow f { input image(2, 4, 4); dequantize; maxpool; prior gaussian }").checked.facts.latent_dims == 8


def test_faults() -> None:
    assert faults("flow f { input image(1, 4, 4); dequantize; maxpool(differences=gaussian); prior gaussian }") == [("FS412", "differences=gaussian")]
    assert faults("flow f { input vector(4); inverse { abs }; prior gaussian }")[0][0] == "FS404"
    assert faults("flow f { input vector(4); sort(by=1); prior gaussian }")[0][0] == "FS304"
    assert faults("flow f { input image(1, 4, 4); sort; prior gaussian }")[0][0] in ("FS302", "FS307")
    assert faults("flow f { input image(1, 3, 4); dequantize; maxpool; prior gaussian }")[0][0] == "FS303"

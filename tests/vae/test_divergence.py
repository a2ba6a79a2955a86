"""The divergence from a posterior to a prior: where it has a closed form, that this is its value, and what it is used for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.terms import divergences, terms
from flowspec.train.batches import Batch
from flowspec.train.evaluate import evaluate
from tests.spec_text import compiled
from tests.vae.test_phases import moved, seeded

CLOSED_FORM = "closed form"
AROUND = """
flow f {
    input vector(3)
    context vector(2) as y
    part vae { encode(4, posterior=gaussian(mlp([8]), spread=softplus), decoder=gaussian(mlp([8]), scale=scalar, given=y)) }
    REST
}
"""
CLOSED = ["prior gaussian", "prior gaussian(learned)", "prior gaussian(learned, per=element)", "prior gaussian(mlp([8]), given=y)",
          "prior gaussian(mlp([8]), scale=0.5, given=y)"]  # fmt: skip
DRAWN = ["part p { coupling(affine(scale=tanh), mlp([8])) }; prior gaussian", "prior mixture(3)", "prior logistic"]


def kinds(rest: str) -> dict[str, str]:
    return {term.name: term.kind for term in terms(compiled(AROUND.replace("REST", rest)))}


def flow_and_examples(rest: str) -> tuple[Flow, Tensor, Tensor]:
    """The flow away from where it starts, in float64, with states and conditions."""
    return moved(build(compiled(AROUND.replace("REST", rest)), seed=0)), torch.randn(3, 3).double(), torch.randn(3, 2).double()


@torch.no_grad()
@pytest.mark.parametrize("rest", CLOSED)
def test_of_gaussians_each_term_is_what_the_draws_converge_to(rest: str) -> None:
    assert kinds(rest) == {"vae.reconstruction": "Monte Carlo", "vae.posterior": CLOSED_FORM, "log_prior": CLOSED_FORM}
    flow, x, y = flow_and_examples(rest)
    found, n = seeded(flow.terms, x, y), 20_000
    many, conditions = x.repeat_interleave(n, 0), y.repeat_interleave(n, 0)
    z, (_, log_q) = flow.at("vae.encode").with_terms(many, (conditions,))
    log_p = flow.at("prior").log_prob(z, (conditions,) if "given" in rest else ())
    for name, values in {"vae.posterior": log_q, "log_prior": log_p}.items():
        draws = values.view(3, n)
        assert ((draws.mean(1) - found[name]).abs() < 5 * draws.std(1) / n**0.5).all(), name


@torch.no_grad()
def test_it_is_that_of_torch() -> None:
    flow, x, y = flow_and_examples("prior gaussian(learned)")
    q, p = flow.at("vae.encode").posterior.moments((x,)), flow.at("prior").moments(())
    expected = kl_divergence(Normal(q.mean, q.log_sd.exp()), Normal(p.mean, p.log_sd.exp())).sum(1)
    found = flow.terms(x, y)
    torch.testing.assert_close(-found["vae.posterior"] - found["log_prior"], expected)


@torch.no_grad()
@pytest.mark.parametrize("rest", CLOSED)
def test_what_is_drawn_is_as_before(rest: str) -> None:
    """The latent is drawn all the same: the decoder's term is bit for bit that of the draw, and so is all of `log_prob`."""
    flow, x, y = flow_and_examples(rest)
    z, (reconstruction, log_q) = seeded(flow.at("vae.encode").with_terms, x, (y,))
    assert torch.equal(seeded(flow.terms, x, y)["vae.reconstruction"], reconstruction)
    log_p = flow.at("prior").log_prob(z, (y,) if "given" in rest else ())
    torch.testing.assert_close(seeded(flow.log_prob, x, y), reconstruction + log_q + log_p)


@pytest.mark.parametrize("rest", DRAWN)
def test_of_others_it_is_the_draws(rest: str) -> None:
    assert set(kinds(rest).values()) == {"Monte Carlo"}
    flow, x, y = flow_and_examples(rest)
    torch.testing.assert_close(sum(seeded(flow.terms, x, y).values()), seeded(flow.log_prob, x, y))


def test_a_prior_that_hears_of_the_latent_has_none() -> None:
    """p(a | b) with b drawn from q(b | a), as in a hierarchy: the expectation over a does not stop at this prior."""
    checked = compiled("""
        flow f {
            input vector(3)
            encode(4, gaussian(linear), gaussian(linear))
            tap a
            split(2) as (left, right)
            on left { encode(2, gaussian(linear), gaussian(linear), given=a); tap b; prior gaussian }
            on right { prior gaussian(linear, given=b) }
        }
    """)
    assert list(divergences(checked.nodes)) == ["left.encode"]
    assert {term.kind for term in terms(checked)} == {"Monte Carlo"}
    independent = compiled("""
        flow f {
            input vector(4)
            split(2) as (left, right)
            on left { encode(2, gaussian(linear), gaussian(linear)); prior gaussian(linear, given=b) }
            on right { encode(2, gaussian(linear), gaussian(linear)); tap b; prior gaussian }
        }
    """)
    assert list(divergences(independent.nodes)) == ["left.encode", "right.encode"]
    assert {term.name: term.kind for term in terms(independent)}["log_prior"] == "Monte Carlo"


def test_evaluation_is_of_the_same_bound_and_weights_stay_those_of_draws() -> None:
    flow, x, y = flow_and_examples("prior gaussian")
    batch = Batch(x.repeat(400, 1), {"y": y.repeat(400, 1)})
    one, many = evaluate(flow, batch), evaluate(flow, batch, samples=8)
    assert sum(term["nats"] for term in one.terms.values()) == pytest.approx(one.nats, abs=1e-9)
    assert one.terms["vae.posterior"]["kind"] == CLOSED_FORM
    with torch.no_grad():
        draws = torch.stack([flow.log_prob(batch.x, batch.context) for _ in range(8)])
    assert abs(float(draws.mean()) - one.nats) < 4 * (one.error**2 + float(draws.std()) ** 2 / draws.numel()) ** 0.5
    assert one.nats < many.nats

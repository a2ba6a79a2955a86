"""Distributions of integers against those of torch."""

from __future__ import annotations

import torch

import flowspec
from flowspec.modules.build import build
from tests.spec_text import compiled, faults

LEARNED = "flow f { input image(2, 1, 3, levels=5); prior categorical }"
DECODER = """
flow f { input image(2, 2, 3, levels=4)
    encode(3, posterior=gaussian(flatten >> linear), decoder=categorical(linear(48) >> reshape))
    prior gaussian }
"""


def test_categorical_is_that_of_torch() -> None:
    model = build(compiled(DECODER), seed=0).double()
    decoder, z = model.at("encode").decoder, torch.randn(6, 3).double()
    x = torch.randint(0, 4, (6, 2, 2, 3))
    logits = decoder.form(z).view(6, 4, 2, 2, 3).movedim(1, -1)  # level p of channel c is output channel 2 p + c
    expected = torch.distributions.Categorical(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(decoder.log_prob(x, (z,)), expected)
    torch.testing.assert_close(decoder.log_prob(x.double(), (z,)), expected)
    torch.testing.assert_close(decoder.sample(6, (z,), 0.0), logits.argmax(-1).double())
    assert model.log_prob(x).isfinite().all()


def test_draws_of_learned_logits_have_their_frequencies() -> None:
    torch.manual_seed(0)
    checked = compiled(LEARNED)
    model = build(checked).double()
    assert checked.facts.likelihood == "exact"
    prior = model.at("prior")
    prior.logit.data.normal_()
    every = torch.arange(5).double()
    draws = model.sample(20_000)
    found = (draws[..., None] == every).double().mean(0)
    assert (found - prior.logit.softmax(0).movedim(0, -1)).abs().max() < 0.015
    torch.testing.assert_close(model.log_prob(torch.zeros(1, 2, 1, 3))[0], prior.logit.log_softmax(0)[0].sum())


def test_a_bernoulli_is_held_between_two_probabilities() -> None:
    prior = build(compiled("flow f { input image(1, 1, 3, levels=2); prior bernoulli(clamp=[0.01, 0.8]) }"), seed=0).double().at("prior")
    prior.logit.data = torch.tensor([-30.0, 0.0, 30.0]).double().view(1, 1, 3)
    expected = torch.distributions.Bernoulli(torch.tensor([0.01, 0.5, 0.8]).double())
    for x in torch.tensor([[0.0, 1, 1], [1, 0, 0]]).double():
        torch.testing.assert_close(prior.log_prob(x.view(1, 1, 1, 3))[0], expected.log_prob(x).sum())
    assert abs(prior.sample(4000)[..., 2].mean() - 0.8) < 0.03
    assert faults("flow f { input image(1, 1, 3, levels=2); prior bernoulli(clamp=[0.01, 1]) }") == [("FS208", "clamp=[0.01, 1]")]
    assert faults("flow f { input vector(3); prior gaussian(linear, clamp=[2, 1]) }") == [("FS208", "clamp=[2, 1]")]


def test_it_is_refused_for_real_numbers() -> None:
    assert faults("flow f { input vector(2); prior categorical }")[0][0] == "FS307"
    assert flowspec.load("flow f { input image(1, 2, 2, levels=256); prior categorical }").report().parameters.total == 4 * 256

"""Posteriors that are flows: drawn from in one pass, their density that of the flow; the counts of De Cao et al.'s Table 2."""

from __future__ import annotations

import pytest
import torch

import flowspec
from flowspec.modules import solvers
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph
from tests.spec_text import compiled, diagnostics, faults

FAMILIES = ("none", "planar", "iaf", "orthogonal", "householder", "triangular", "bnaf")
SMALL = {"height": 8, "width": 8, "latent": 4, "base": 2, "features": 8, "flows": 4, "hidden": 8, "columns": 2, "reflections": 2}
each = pytest.mark.parametrize("family", FAMILIES)


def small(family: str) -> tuple[Flow, torch.Tensor]:
    model = build(flowspec.load("vae_posteriors", posterior=family, **SMALL).checked, seed=1).double()
    torch.manual_seed(2)
    return model, torch.randint(0, 2, (5, 1, 8, 8))


@pytest.mark.parametrize("family, flows", zip(FAMILIES, (0, 530_448, 30_518_528, 13_026_816, 19_737_600, 17_632_256, 2_241_031)))
def test_counts_by_rule_and_as_stored(family: str, flows: int) -> None:
    checked = flowspec.load("vae_posteriors", posterior=family).checked
    with torch.device("meta"):
        model = build(checked)
    assert of_graph(checked.graph).parameters == 3_067_105 + flows == sum(p.numel() for p in model.parameters())
    if family == "bnaf":
        assert of_graph(checked.graph).live == 3_067_105 + 2_112_007


def test_frey_faces_are_decoded_by_level() -> None:
    checked = flowspec.load("vae_posteriors", posterior="none", width=20, levels=256).checked
    assert of_graph(checked.graph).parameters == 2_764_480
    model = build(flowspec.load("vae_posteriors", **(SMALL | {"width": 4, "levels": 16})).checked, seed=0)
    x = torch.randint(0, 16, (3, 1, 8, 4), dtype=torch.uint8)
    assert model.log_prob(x).isfinite().all() and model.sample(2).max() < 16


@each
def test_a_draw_has_the_density_that_the_flow_gives_it(family: str) -> None:
    model, x = small(family)
    posterior = model.at("encode").posterior
    z, log_q = posterior.draw(5, (x.double(),))
    torch.testing.assert_close(posterior.log_prob(z, x.double()), log_q, rtol=0, atol=1e-8)


@each
def test_training_never_inverts_and_reads_the_image_once(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solvers, "_root", None)
    model, x = small(family)
    calls = []
    model.at("encode").posterior.at("context_h.network").register_forward_hook(lambda *_: calls.append(1))
    terms = model.terms(x)
    assert list(terms) == ["reconstruction", "posterior", "log_prior"] and len(calls) == 1
    sum(terms.values()).sum().backward()
    missed = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not missed


def test_the_posterior_may_read_a_tapped_state() -> None:
    model = build(compiled("""
        flow f { input image(1, 2, 2, levels=real); tap x; scale(2)
            encode(2, posterior=q, decoder=gaussian(linear(4) >> reshape, scale=1.0), given=x); prior gaussian }
        flow q { input vector(2); context image(1, 2, 2) >> flatten >> linear(3) as h; inverse { planar(linear, given=h) }; prior gaussian(linear, given=h) }
    """), seed=0)  # fmt: skip
    x = torch.randn(3, 1, 2, 2)
    read = []
    model.at("encode").posterior.at("context_h.network").register_forward_hook(lambda _, inputs, __: read.append(inputs[0]))
    model.log_prob(x)
    torch.testing.assert_close(read[0], x)


BODY = """
flow f { input image(1, 2, 2, levels=2); tap x; encode(2, posterior=POSTERIOR, decoder=bernoulli(linear(4) >> reshape)GIVEN); prior gaussian }
flow q { input vector(SIZE); context image(1, 2, 2) >> flatten >> linear(3) as h; STEP; prior gaussian(linear, given=h) }
"""


def text(posterior: str = "q", given: str = "", size: int = 2, step: str = "inverse { planar(linear, given=h) }") -> str:
    return BODY.replace("POSTERIOR", posterior).replace("GIVEN", given).replace("SIZE", str(size)).replace("STEP", step)


def test_faults() -> None:
    assert compiled(text()).facts.likelihood == "bound"
    (found,) = diagnostics(text(step="planar(linear, given=h)"))
    assert found.code == "FS407" and "inverse { planar(…) }" in found.help[0]
    assert faults(text(size=3)) == [("FS310", "posterior=q")]
    assert faults(text("gausian(linear)")) == [("FS202", "gausian")]
    assert faults(text(given=", given=[x, x]")) == [("FS212", "given=[x, x]")]
    assert "`input vector(2)`, and its context be `context image(1, 2, 2) as NAME`" in diagnostics(text(size=3))[0].help[0]

"""Variational layers: the bound and its terms, both directions, what stands within them, and the counts of the paper's models."""

from __future__ import annotations

from math import log, pi

import pytest
import torch
from torch import Tensor, nn

import flowspec
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph, of_part
from tests.spec_text import compiled, diagnostics, faults

SMALL = """
flow small(posterior_reads=6) {
    input image(1, 4, 4)
    context vector(2) as y
    dequantize(uniform)
    tap x
    part pixel_flow { repeat 2 { actnorm(start=identity); coupling(additive, conv(3), split=checkerboard) } }
    part vae {
        encode(6, posterior=gaussian(flatten >> mlp([8])), decoder=gaussian(decoder, scale=channel, spread=softplus, floor=0.1, given=y), given=x)
    }
    part prior_flow { repeat 2 { coupling(affine(scale=tanh), mlp([8])); swap } }
    prior gaussian
}
net decoder { mlp([8], features=16); reshape([1, 4, 4]) }
"""


def made(text: str, seed: int = 0, **parameters: object) -> Flow:
    """The flow of a text in float64, away from where it starts."""
    model = build(compiled(text, **parameters), seed=seed).double()
    torch.manual_seed(seed)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


def small(n: int = 5) -> tuple[Flow, Tensor, Tensor]:
    """The small flow with images and conditions."""
    model = made(SMALL)
    return model, torch.randint(0, 256, (n, 1, 4, 4)).double(), torch.randn(n, 2).double()


# ----------------------------------------------------------------------------------------------------------------- counts

COUNTS = [
    ("vae_glow", {}, 20_640_438, {"pixel_flow": 643_616, "vae": 1_612_950, "prior_flow": 18_383_872}),
    ("vae_glow", {"base": 32, "blocks": 2, "end": "flatten"}, 35_411_974, {"vae": 16_384_486}),
    ("vae_glow", {"width": 256}, 22_332_086, {"pixel_flow": 2_335_264}),
    ("vae_glow", {"base": 32}, 24_218_822, {"vae": 5_191_334}),
    ("vae_glow", {"latent": 128}, None, {"prior_flow": 19_957_760}),
    ("vae_glow_celeba", {}, 24_240_822, {"vae": 5_213_334}),
    ("vae_glow_celeba", {"base": 32, "blocks": 2, "end": "flatten"}, None, {"vae": 47_625_958}),
    ("vae_glow_celeba", {"width": 256}, 25_932_470, {}),
    ("vae_priors", {}, 19_996_388, {"vae": 1_612_516, "latent_model": 18_383_872}),
    ("vae_priors", {"latents": "standard"}, 1_612_516, {"latent_model": 0}),
    ("vae_priors", {"latents": "standard", "base": 32, "blocks": 2, "end": "flatten"}, 16_383_620, {}),
    ("vae_priors", {"latents": "second_stage"}, 6_153_125, {"latent_model": 4_540_609}),
    ("vae_fashion", {}, 31_715_458, {"vae": 13_331_586}),
    ("vae_fashion", {"latents": "second_stage"}, 17_872_195, {}),
]


@pytest.mark.parametrize("name, changed, total, parts", COUNTS)
def test_counts_by_rule_and_as_stored(name: str, changed: dict, total: int | None, parts: dict[str, int]) -> None:
    checked = flowspec.load(name, **changed).checked
    assert total is None or of_graph(checked.graph).parameters == total
    with torch.device("meta"):
        model = build(checked)
    assert sum(p.numel() for p in model.parameters()) == of_graph(checked.graph).parameters
    for part, count in parts.items():
        assert of_part(checked.graph, part).parameters == count == sum(p.numel() for p in model.at(part).parameters())


def test_buffers_of_batch_normalisation() -> None:
    with torch.device("meta"):
        model = build(flowspec.load("vae_glow").checked)
    assert sum(buffer.numel() for name, buffer in model.named_buffers() if "running" in name) == 1_408


# -------------------------------------------------------------------------------------------------------------- the bound

LINEAR = """
flow linear_vae {
    input vector(3)
    encode(2, posterior=gaussian(linear), decoder=gaussian(linear, scale=scalar, spread=SPREAD))
    prior gaussian
}
"""


def exact_linear(spread: str) -> tuple[Flow, Tensor, Tensor]:
    """A linear-Gaussian model whose posterior is the true one: its flow, and mean and covariance of p(x)."""
    model = made(LINEAR.replace("SPREAD", spread))
    encode = model.at("encode")
    w, b = encode.decoder.form.get_submodule("linear").weight.data, encode.decoder.form.get_submodule("linear").bias.data
    raw = encode.decoder.raw_sd.data
    variance = {"log_sd": (2 * raw).exp(), "log_variance": raw.exp(), "softplus": raw.exp().log1p() ** 2}[spread]
    precision = torch.eye(2).double() + w.T @ w / variance
    # A posterior with a diagonal covariance can only be exact where the precision is diagonal: the columns are made orthogonal.
    assert precision[0, 1].abs() < 1e-12
    gain = torch.linalg.inv(precision) @ w.T / variance
    linear = encode.posterior.form.get_submodule("linear")
    linear.weight.data = torch.cat((gain, torch.zeros(2, 3).double()))
    linear.bias.data = torch.cat((-gain @ b, -0.5 * precision.diagonal().log()))
    return model, b, w @ w.T + variance * torch.eye(3).double()


@pytest.fixture
def orthogonal_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    original = made

    def with_orthogonal_columns(text: str, seed: int = 0, **parameters: object) -> Flow:
        model = original(text, seed, **parameters)
        linear = model.at("encode").decoder.form.get_submodule("linear")
        linear.weight.data = torch.linalg.qr(torch.randn(3, 2).double())[0] * torch.tensor([1.5, 0.4]).double()
        return model

    monkeypatch.setitem(globals(), "made", with_orthogonal_columns)


@pytest.mark.parametrize("spread", ["log_sd", "log_variance", "softplus"])
def test_with_the_true_posterior_every_draw_gives_the_likelihood(spread: str, orthogonal_columns: None) -> None:
    model, mean, covariance = exact_linear(spread)
    x = 2 * torch.randn(7, 3).double()
    expected = torch.distributions.MultivariateNormal(mean, covariance).log_prob(x)
    for _ in range(2):
        torch.testing.assert_close(model.log_prob(x).detach(), expected, rtol=1e-9, atol=1e-9)


def test_the_likelihood_by_integration_is_never_below_the_bound() -> None:
    """p(x) of a model with one latent, by a sum over z; the bound lies below it, and closes with the number of draws."""
    model = made("""
        flow f { input vector(2); encode(1, posterior=gaussian(mlp([4], activation=tanh)), decoder=gaussian(mlp([4], activation=tanh), spread=log_variance))
            prior gaussian }
    """)
    x, z = torch.randn(4, 2).double(), torch.linspace(-12, 12, 4_001).double()[:, None]
    encode, prior = model.at("encode"), model.at("prior")
    with torch.no_grad():
        joint = torch.stack([prior(z) + encode.decoder.log_prob(one.expand(len(z), 2), (z,)) for one in x])
        exact = torch.logsumexp(joint, 1) + log(24 / 4_000)
        draws = torch.stack([model.log_prob(x) for _ in range(4_000)])
    bound, error = draws.mean(0), draws.std(0) / len(draws) ** 0.5
    tight, ratios = torch.logsumexp(draws, 0) - log(len(draws)), (draws - exact).exp()
    assert (bound < exact + 4 * error).all() and (bound < tight).all()
    assert ((tight - exact).abs() < 5 * ratios.std(0) / len(draws) ** 0.5).all()


def test_bernoulli_is_that_of_torch_and_reads_integers() -> None:
    model = made("""
        flow f { input image(1, 2, 3, levels=2)
            encode(2, posterior=gaussian(flatten >> mlp([4])), decoder=bernoulli(mlp([4], features=6) >> reshape))
            prior gaussian }
    """)
    decoder, z = model.at("encode").decoder, torch.randn(5, 2).double()
    x = torch.randint(0, 2, (5, 1, 2, 3))
    expected = torch.distributions.Bernoulli(logits=decoder.form(z)).log_prob(x.double()).flatten(1).sum(1)
    torch.testing.assert_close(decoder.log_prob(x, (z,)), expected)
    assert model.log_prob(x).isfinite().all() and model.log_prob(x.double()).isfinite().all()
    torch.testing.assert_close(model.at("encode").inverse(z, (), 0.0)[0], (decoder.form(z) > 0).double())
    many = decoder.sample(20_000, (z[:1].expand(20_000, 2),))
    assert (many.mean(0) - torch.sigmoid(decoder.form(z[:1])[0])).abs().max() < 0.02
    assert compiled("flow f { input image(3, 1, 1, levels=2); prior bernoulli }").facts.likelihood == "exact"


# ------------------------------------------------------------------------------------------------------------- directions


def called(model: Flow) -> list[str]:
    """The modules that are run from now on."""
    names: list[str] = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda module, inputs, output, name=name: names.append(name))
    return names


def test_sampling_does_not_touch_the_posterior() -> None:
    model, x, y = small()
    names = called(model)
    model.sample(3, y[:3])
    assert not [name for name in names if "posterior" in name] and any("decoder.form" in name for name in names)
    names.clear()
    model.log_prob(x, y)
    assert names.count("vae.encode.posterior.form") == names.count("vae.encode.decoder.form") == 1


def test_at_temperature_0_a_sample_is_the_inverse_flow_of_the_decoders_mean() -> None:
    model, _, y = small()
    torch.manual_seed(3)
    sample = model.sample(4, y[:4], temperature={"vae": 0.0})
    torch.manual_seed(3)
    u = torch.randn(4, 6, dtype=torch.float64)
    z = u
    for step in ("prior_flow.step2.swap", "prior_flow.step2.coupling", "prior_flow.step1.swap", "prior_flow.step1.coupling"):
        z, _ = model.at(step).inverse(z)
    x = model.at("vae.encode").decoder.form(z, (y[:4],))
    for step in ("step2.coupling", "step2.actnorm", "step1.coupling", "step1.actnorm"):
        x, _ = model.at(f"pixel_flow.{step}").inverse(x)
    torch.testing.assert_close(sample, model.at("dequantize").inverse(x)[0].detach())
    torch.testing.assert_close(model.inverse(u, y[:4], temperature=0.0), sample)


def test_temperature_scales_what_the_decoder_draws() -> None:
    model, _, y = small()
    decoder, z = model.at("vae.encode"), torch.randn(3, 6).double()

    def drawn(temperature: float) -> Tensor:
        torch.manual_seed(1)
        return decoder.inverse(z, (y[:3],), temperature)[0]

    torch.testing.assert_close(drawn(2.0) - drawn(0.0), 2 * (drawn(1.0) - drawn(0.0)))


def test_gradients_reach_both_networks_through_one_draw() -> None:
    model, x, y = small()
    model.log_prob(x, y).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())
    posterior: nn.Module = model.at("vae.encode").posterior
    assert all(parameter.grad.abs().sum() > 0 for parameter in posterior.parameters())


def test_start_is_the_formula_of_the_start() -> None:
    """An identity flow and couplings that start at zero leave the sum of three Gaussians."""
    spec = flowspec.load("vae_glow", side=8, scales=2, base=2, latent=4, couplings=2, prior_width=8, depth=2, width=4)
    model = build(spec.checked, seed=0).double().eval()
    x = torch.randint(0, 256, (3, 3, 8, 8)).contiguous(memory_format=torch.channels_last)
    torch.manual_seed(2)
    found = model.log_prob(x)
    torch.manual_seed(2)
    y, log_width = model.at("dequantize")(x)
    mean, log_sd = model.at("vae.encode").posterior.form(y).chunk(2, 1)
    z = mean + log_sd.exp() * torch.randn(3, 4).double()
    decoded, spread = model.at("vae.encode").decoder.form(z).chunk(2, 1)
    terms = [(y, decoded, spread), (z, torch.zeros(()), torch.zeros(())), (z, mean, log_sd)]
    p_x, p_z, q_z = ((-0.5 * ((v - m) / s.exp()) ** 2 - s - 0.5 * log(2 * pi)).flatten(1).sum(1) for v, m, s in terms)
    torch.testing.assert_close(found, log_width + p_x + p_z - q_z)


# ----------------------------------------------------------------------------------------------------------------- verdicts

AROUND = """flow f { input image(1, 4, 4, levels=real); tap x; BODY; prior gaussian }
net dec { linear(16); reshape([1, 4, 4]) }"""


def test_a_posterior_may_read_what_sampling_does_not_know() -> None:
    body = "scale(2); encode(3, gaussian(flatten >> linear), gaussian(dec, scale=1.0), given=x)"
    assert compiled(AROUND.replace("BODY", body)).sampling is not None


def test_a_decoder_may_not() -> None:
    body = "scale(2); encode(3, gaussian(flatten >> linear), gaussian(flatten >> dec, scale=1.0, given=x))"
    text = AROUND.replace("BODY", body).replace("flatten >> dec", "mlp([4], features=16) >> reshape([1, 4, 4])")
    (found,) = diagnostics(text)
    assert found.code == "FS406" and "encode" in found.message


def test_faults() -> None:
    halves = "flow f { input image(1, 4, 4); dequantize(uniform); coupling(additive, conv(3)); prior gaussian }"
    (found,) = diagnostics(halves)
    assert found.code == "FS306" and "splits 1 channel" in found.message
    power = """use "lib/resnet.flow"
        flow f { input image(3, 28, 28); dequantize(uniform); encode(8, gaussian(resnet_encoder), gaussian(resnet_decoder(side=28), scale=scalar)); prior gaussian }"""
    (found,) = diagnostics(power)
    assert found.code == "FS206" and "power of two; 28 is none" in found.message and found.help == ("the nearest are 16 and 32",)
    assert [power[label.span.start : label.span.end] for label in found.secondary] == ["28"]
    for body, codes in {
        "encode(3, mixture(4), gaussian(dec, scale=1.0))": ["FS410"],
        "encode(3, gaussian(flatten >> linear, given=x), gaussian(dec, scale=1.0))": ["FS212"],
        "encode(3, gaussian(flatten >> linear), gaussian(dec))": ["FS301"],
        "encode(3, gaussian(flatten >> linear), bernoulli(dec))": ["FS307"],
        "encode(3, gaussian(flatten >> linear), gaussian(learned, floor=0.1))": ["FS205"],
        "inverse { encode(3, gaussian(flatten >> linear), gaussian(dec, scale=1.0)) }": ["FS404"],
    }.items():
        assert [code for code, _ in faults(AROUND.replace("BODY", body))] == codes, body
    assert faults("flow f { input image(3, 1, 1, levels=2); encode(2, gaussian(flatten >> linear), gaussian(linear)); prior gaussian }")[0][0] == "FS307"
    part = "flow f { input vector(2); part a { actnorm }; prior gaussian; expect parameters(b) == 4 }"
    assert faults(part) == [("FS201", "b")]
    assert faults(part.replace("(b)", "(a)").replace("4 }", "5 }"))[0][0] == "FS702"


def test_it_is_verified_step_by_step() -> None:
    spec = flowspec.load("vae_glow", side=8, scales=2, base=2, latent=4, couplings=2, prior_width=8, depth=2, width=4)
    assert spec.verify().passed
    assert flowspec.load(SMALL).verify().passed

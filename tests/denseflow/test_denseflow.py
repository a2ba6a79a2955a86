"""DenseFlow: added noise, variational dequantization, attention, and the integers and identities of its paper's models."""

from __future__ import annotations

from math import log, pi

import pytest
import torch
from torch.nn import functional as F

import flowspec
from flowspec.modules.build import build
from flowspec.report.numbers import of_graph
from tests.spec_text import compiled, faults, flow

TINY = """
flow tiny(k=2) {
    input image(2, 4, 4, levels=real)
    block(units=3, modules=1, growth=k)
    squeeze(2)
    split(half, prior=gaussian)
    block(units=1, modules=1, growth=k)
    prior gaussian(learned)
}
def block(units, modules, growth) {
    tap past[]
    for unit in 1..units {
        repeat modules { actnorm; conv1x1; coupling(affine(scale=tanh), conv(3, 8) >> tanh >> conv(1)); swap }
        if unit < units {
            tap past[]
            augment(growth, conv(3, expand=2) >> tanh >> conv(1), given=past[:-1])
        }
    }
}
"""

ROWS = {
    (True, True, True): 75_020_522,
    (True, False, True): 73_822_370,
    (False, False, True): 73_133_540,
    (True, True, False): 43_967_282,
    (True, False, False): 42_769_130,
    (False, False, False): 22_996_700,
}


@pytest.mark.parametrize("name, parameters", [("denseflow_74_10", 130_647_294), ("denseflow_45_6", 75_020_522)])
def test_counts_by_rule_and_as_stored(name, parameters):
    spec = flowspec.load(name)
    assert of_graph(spec.checked.graph).parameters == parameters
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in build(spec.checked).parameters()) == parameters


@pytest.mark.parametrize("noise, conditioned, attention", ROWS)
def test_ablations_are_switches(noise, conditioned, attention):
    spec = flowspec.load("denseflow_45_6", noise=noise, conditioned=conditioned, attention=attention)
    assert of_graph(spec.checked.graph).parameters == ROWS[noise, conditioned, attention]
    assert any(contract.fact == "parameters" for contract in spec.checked.graph.contracts)


def test_parts_of_74_10():
    spec = flowspec.load("denseflow_74_10")
    assert spec.checked.facts.latent_dims == 17_792
    assert spec.checked.facts.likelihood == "bound"
    assert flowspec.load("denseflow_74_10", side=64).checked.facts.latent_dims == 71_168
    dequantizer = spec.checked.nodes[0].item.flows["noise"]
    assert of_graph(dequantizer).parameters == 2_395_784


def perturbed(text: str) -> torch.nn.Module:
    model = build(compiled(text), seed=0).double()
    torch.manual_seed(1)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def test_log_det_is_that_of_the_data_and_the_noise(monkeypatch):
    """log|det d(latents)/d(x, e)| by brute force, the noise e taken as further inputs."""
    model = perturbed(TINY)
    sizes = [(2, 4, 4), (2, 4, 4)]
    drawn: list[torch.Tensor] = []
    monkeypatch.setattr(torch, "randn", lambda *shape, **kwargs: drawn.pop(0))

    def latents(flat: torch.Tensor) -> torch.Tensor:
        x, *noise = flat.split(32)
        drawn[:] = [part.view(1, *size) for part, size in zip(noise, sizes)]
        z, _ = model(x.view(1, 2, 4, 4))
        return torch.cat([part.flatten() for part in z])

    torch.manual_seed(3)
    flat = torch.empty(32 + 64, dtype=torch.float64).normal_()
    jacobian = torch.autograd.functional.jacobian(latents, flat)
    drawn[:] = [part.view(1, *size) for part, size in zip(flat[32:].split(32), sizes)]
    _, log_det = model(flat[:32].view(1, 2, 4, 4))
    of_noise = -0.5 * flat[32:].square().sum() - 32 * log(2 * pi)
    torch.testing.assert_close(log_det[0] + of_noise, torch.linalg.slogdet(jacobian)[1], atol=1e-10, rtol=0)


def test_sampling_calls_no_conditioning_network_of_noise():
    spec = compiled("""
        flow f {
            input image(1, 4, 4)
            dequantize(noise)
            tap x
            augment(2, conv(3, 4) >> relu >> conv(1), given=x)
            coupling(additive, conv(3))
            prior gaussian
        }
        flow noise { input image(1, 4, 4, levels=real); context image(1, 4, 4) as y; logit(0); coupling(affine, conv(1), split=checkerboard, given=y); prior gaussian }
    """)
    model = build(spec)
    called = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda module, inputs, output, name=name: called.append(name))
    model.sample(3)
    assert any(name.startswith("coupling.conditioner") for name in called)
    assert not [name for name in called if name.startswith(("dequantize.noise", "augment.conditioner"))]
    called.clear()
    model.log_prob(torch.randint(0, 256, (3, 1, 4, 4)))
    assert any(name.startswith("dequantize.noise") for name in called) and any(name.startswith("augment.conditioner") for name in called)


def test_variational_noise_has_the_density_it_says():
    model = perturbed("""
        flow q { input image(1, 2, 2, levels=real); context image(1, 2, 2) as y; logit(0)
            coupling(affine(scale=tanh), conv(1, 4) >> tanh >> conv(1), split=checkerboard, given=y); prior gaussian(learned) }
    """)
    y = torch.rand(5, 1, 2, 2, dtype=torch.float64)
    u, log_q = model.sample_with_log_prob(5, y)
    assert u.requires_grad and ((u > 0) & (u < 1)).all()
    torch.testing.assert_close(log_q, model.log_prob(u, y))


def test_start_of_a_small_model_is_the_formula_of_its_start():
    """At the start couplings are the identity, noise is unshaped and 1x1 convolutions are rotations: log p follows from the dequantizer alone."""
    spec = flowspec.load("denseflow_45_6", side=16, noise=True, conditioned=True, attention=True)
    torch.set_default_dtype(torch.float64)
    try:
        model = build(spec.checked, seed=0).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    x = torch.randint(0, 256, (2, 3, 16, 16)).double()
    dequantizer, dims = model.at("dequantize")._modules["noise"], 3 * 16 * 16
    torch.manual_seed(5)
    u, log_q = dequantizer.sample_with_log_prob(2, x)
    torch.manual_seed(5)
    found = model.log_prob(x)
    y = (x + u) / 256
    expected = -0.5 * dims * log(2 * pi) - 0.5 * (y - 0.5).square().sum((1, 2, 3)) - dims * log(256) - log_q
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-6)


def attention_by_hand(net: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    r = F.conv2d(x, net.inwards.weight, net.inwards.bias)
    q, k, v = r.flatten(2).transpose(1, 2).chunk(3, 2)
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[2] ** 0.5, 2)
    o = (weights @ v + v).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])
    return F.conv2d(o, net.outwards.weight, net.outwards.bias)


def test_attention_with_a_landmark_for_each_token_is_exact_attention():
    checked = flow("dequantize(uniform)\ncoupling(affine, nystrom(4, landmarks=4) >> conv(1))", head="input image(6, 2, 2)")
    net = build(checked, seed=0).at("coupling").conditioner._modules["nystrom"].double()
    net.inwards.weight.data *= 10  # a well-conditioned matrix of landmarks, whose inverse six iterations reach
    x = torch.randn(3, 3, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(net(x), attention_by_hand(net, x), atol=1e-6, rtol=1e-5)


def test_faults():
    nested = "flow f { input image(1, 4, 4); dequantize(q); prior gaussian }\n"
    assert faults(nested) == [("FS202", "q")]
    assert faults(nested + "flow q { input vector(4); prior gaussian }") == [("FS310", "q")]
    assert faults("flow f { input vector(4); augment(2, mlp([4])); prior gaussian }") == [("FS402", "mlp([4])")]
    assert faults("flow f { input image(1, 4, 4); dequantize(f); prior gaussian }")[0][0] == "FS803"

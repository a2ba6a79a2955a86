"""DenseFlow: added noise, variational dequantization, attention, and the integers and identities of its paper's models."""

from __future__ import annotations

from math import log, pi, prod

import pytest
import torch
from torch.nn import functional as F

import flowspec
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.numbers import of_graph
from flowspec.train.batches import Batch
from flowspec.train.evaluate import evaluate
from tests.spec_text import compiled, faults, flow

SMALL = """
use "lib/denseflow.flow"

flow small(k=4) {
    input image(3, 8, 8, levels=real)
    squeeze(2)
    block(units=2, modules=1, growth=k, network=dense_attention(width=8, layers=1, growth=4))
    squeeze(2)
    split(half, prior=gaussian)
    block(units=2, modules=1, growth=k, network=dense_attention(width=8, layers=1, growth=4))
    prior gaussian(learned)
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
    """log|det d(latents)/d(x, e)| by brute force, the noise e taken as further inputs: the library's block, attention included."""
    model = perturbed(SMALL)
    shapes = [(3, 8, 8), (4, 4, 4), (4, 2, 2)]
    sizes = [prod(shape) for shape in shapes]
    drawn: list[torch.Tensor] = []
    monkeypatch.setattr(torch, "randn", lambda *shape, **kwargs: drawn.pop(0))

    def cut(flat: torch.Tensor) -> torch.Tensor:
        x, *drawn[:] = [part.view(1, *shape) for part, shape in zip(flat.split(sizes), shapes)]
        return x

    def latents(flat: torch.Tensor) -> torch.Tensor:
        return torch.cat([part.flatten() for part in model(cut(flat))[0]])

    torch.manual_seed(3)
    flat = torch.empty(sum(sizes), dtype=torch.float64).normal_()
    _, log_det = model(cut(flat))
    noise = flat[sizes[0] :]
    of_noise = -0.5 * noise.square().sum() - 0.5 * len(noise) * log(2 * pi)
    jacobian = torch.autograd.functional.jacobian(latents, flat)
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


def test_noise_outside_the_unit_interval_has_no_density():
    text = "flow f {{ input image(1, 4, 4, levels=4); dequantize(q); prior gaussian }}\nflow q {{ input image(1, 4, 4, levels=real); {} prior gaussian }}"
    x = torch.randint(0, 4, (3, 1, 4, 4))
    assert (build(compiled(text.format("")), seed=0).log_prob(x) == float("-inf")).all()
    assert build(compiled(text.format("logit(0);")), seed=0).log_prob(x).isfinite().all()


def test_the_start_is_the_formula_of_the_start():
    """At the start couplings are the identity, noise is unshaped and 1x1 convolutions are rotations: log p follows from the dequantizer alone."""
    spec = flowspec.load("denseflow_74_10", side=16)
    torch.set_default_dtype(torch.float64)
    try:
        model = build(spec.checked, seed=0).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    x = torch.randint(0, 256, (1, 3, 16, 16)).double()
    dequantizer, dims = model.at("dequantize")._modules["noise"], 3 * 16 * 16
    torch.manual_seed(5)
    u, log_q = dequantizer.sample_with_log_prob(1, x)
    torch.manual_seed(5)
    found = model.log_prob(x)
    y = (x + u) / 256
    expected = -0.5 * dims * log(2 * pi) - 0.5 * (y - 0.5).square().sum((1, 2, 3)) - dims * log(256) - log_q
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-6)


def test_a_bound_of_many_draws_is_taken_in_chunks_of_rows(monkeypatch):
    """log mean exp and mean of single draws, three examples with seven draws each, at most eight rows at once."""
    model = build(compiled(SMALL), seed=0).eval()
    x, drawn = torch.randn(3, 3, 8, 8), []

    def log_prob(rows: torch.Tensor, context: None = None) -> torch.Tensor:
        drawn.append(Flow.log_prob(model, rows))
        return drawn[-1]

    monkeypatch.setattr(model, "log_prob", log_prob)
    found = evaluate(model, Batch(x), samples=7, batch=8)
    assert [len(values) for values in drawn] == [6, 6, 6, 3]
    draws = torch.cat([values.double().view(-1, 3) for values in drawn])
    assert found.nats == pytest.approx(float((draws.logsumexp(0) - log(7)).mean())) and found.samples == 7
    assert found.average == pytest.approx(float(draws.mean())) and found.average < found.nats


def test_temperature_reaches_every_gaussian_that_sampling_draws():
    """At 0 there is one sample; noise that sampling drops is not drawn at all."""
    model = perturbed(SMALL)
    assert torch.equal(model.sample(2, temperature=0.0)[0], model.sample(2, temperature=0.0)[1])
    torch.manual_seed(0)
    cool = model.sample(200, temperature=0.5)
    ends = [operation for operation in model._density if operation.ends]
    torch.manual_seed(0)
    latents = [operation.module.sample(200, (), 0.5) for operation in reversed(ends)]
    torch.testing.assert_close(model.inverse(tuple(reversed(latents))), cool)


def attention_by_hand(net: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    r = F.conv2d(x, net.inwards.weight, net.inwards.bias)
    q, k, v = r.flatten(2).transpose(1, 2).chunk(3, 2)
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[2] ** 0.5, 2)
    o = (weights @ v + v).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])
    return F.conv2d(o, net.outwards.weight, net.outwards.bias)


def test_attention_with_a_landmark_for_each_token_is_exact_attention():
    """For tokens that look at themselves most: the inverse of such a matrix of landmarks is reached in six iterations."""
    checked = flow("dequantize(uniform)\ncoupling(affine, nystrom(4, landmarks=4) >> conv(1))", head="input image(8, 2, 2)")
    net = build(checked, seed=0).at("coupling").conditioner._modules["nystrom"].double()
    queries, keys, _ = net.inwards.weight.data.chunk(3)
    queries.copy_(2 * torch.eye(4)[:, :, None, None]), keys.copy_(queries)
    torch.manual_seed(0)
    tokens = torch.eye(4, dtype=torch.float64) + 0.2 * torch.randn(3, 4, 4, dtype=torch.float64)
    x = tokens.view(3, 4, 2, 2)
    torch.testing.assert_close(net(x), attention_by_hand(net, x), atol=1e-6, rtol=1e-5)


def test_sampling_drops_noise_and_maps_none():
    cost = of_graph(flow("tap x\naugment(2, linear, map=umnn, given=x)").graph)
    plain = of_graph(flow("tap x\naugment(2, linear, given=x)").graph)
    assert cost.density > plain.density and cost.sampling == plain.sampling == 0


def test_faults():
    nested = "flow f { input image(1, 4, 4); dequantize(q); prior gaussian }\n"
    assert faults(nested) == [("FS202", "q")]
    assert faults(nested + "flow q { input vector(4); prior gaussian }") == [("FS310", "q")]
    assert faults("flow f { input vector(4); augment(2, mlp([4])); prior gaussian }") == [("FS402", "mlp([4])")]
    assert faults("flow f { input vector(4); augment(2, map=umnn); prior gaussian }") == [("FS205", "map=umnn")]
    assert faults("flow f { input image(1, 4, 4); dequantize(f); prior gaussian }")[0][0] == "FS803"

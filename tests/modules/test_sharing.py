"""Sharing groups: one set of parameters in graph, counts, module, state dict and optimiser, and what tells the uses apart."""

from __future__ import annotations

import copy

import pytest
import torch

from flowspec.graph import Graph
from flowspec.modules.build import build
from flowspec.numbers import of_graph
from flowspec.sharing import all_groups
from tests.spec_text import compiled, faults


def spec(embed: str = "", sites: str = "", across: str = "K", times: str = "K", head: str = "", tail: str = " >> zeroconv(1)") -> str:
    return f"""
flow shared(levels=2, K=3, width=4) {{
    input image(2, 8, 8)
    dequantize(uniform)
    for level in 1..levels {{
        squeeze(2)
        repeat {times} {{
            coupling(affine(scale=tanh), share(estimator(width){head}, across={across}{embed}){tail})
            swap
        }}
    }}
    prior gaussian
}}
net estimator(width) {{ conv(3, width); relu; conv(3, width){sites}; tanh }}
"""


FULL = spec(", embed=concat+bias+gate, size=2", "; modulate")
VARIANTS = {
    "naive": spec(head=" >> zeroconv(1)", tail=""),
    "decomp": spec(),
    "gate": spec(", embed=gate", "; modulate"),
    "plain gate": spec(", embed=gate, gates=plain, rows=3", "; modulate"),
    "bias": spec(", embed=bias, size=5", "; modulate"),
    "concat": spec(", embed=concat, size=2, normalise=true"),
    "full": FULL,
}


def perturbed(text: str, **overrides: int) -> torch.nn.Module:
    model = build(compiled(text, **overrides), seed=0).double()
    torch.manual_seed(1)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("name", VARIANTS)
def test_counts_by_rule_are_those_stored_and_do_not_grow_with_the_shared_part(name):
    counts = []
    for uses in (2, 3):
        checked = compiled(VARIANTS[name], K=uses)
        model = build(checked)
        assert of_graph(checked.graph).parameters == sum(parameter.numel() for parameter in model.parameters())
        counts.append(of_graph(checked.graph))
    assert (counts[0].parameters == counts[1].parameters) == (name == "naive")
    assert counts[1].density > counts[0].density


@pytest.mark.parametrize("name", VARIANTS)
def test_round_trip_and_whole_graph(name):
    model = perturbed(VARIANTS[name])
    x = torch.randint(0, 256, (3, 2, 8, 8))
    z, log_det = model(x)
    torch.testing.assert_close(model.inverse(z), x.double())
    torch._dynamo.reset()
    compiled_call = torch.compile(model.log_prob, fullgraph=True, backend="eager")
    torch.manual_seed(2)
    expected = model.log_prob(x)
    torch.manual_seed(2)
    torch.testing.assert_close(compiled_call(x), expected)


def test_a_group_belongs_to_what_encloses_the_repetition():
    checked = compiled(FULL)
    assert [(path, uses.count) for path, uses in all_groups(checked.graph)] == [("level2.", 3), ("level1.", 3)]
    keys = build(checked).state_dict()
    assert "level1.shared.estimator.conv.weight" in keys and "level2.shared.estimator.conv.weight" in keys
    assert not [key for key in keys if "step" in key and "estimator" in key]


def test_uses_are_one_object_and_survive_a_copy():
    for model in (build(compiled(FULL)), copy.deepcopy(build(compiled(FULL)))):
        first, last = (model.at(f"level1.step{i}.coupling").conditioner._modules["share"]._network[0] for i in (1, 3))
        assert first is last is model.at("level1.shared.estimator")


def test_a_step_of_adam_is_that_of_one_network_called_k_times():
    model = perturbed(spec(), levels=1)
    x = torch.rand(5, 2, 8, 8, dtype=torch.float64)
    z = model.at("level1.squeeze")(x)[0]
    mine, theirs = copy.deepcopy(model), copy.deepcopy(model)

    def by_hand(net: torch.nn.Module) -> torch.Tensor:
        estimator, h, total = net.at("level1.shared.estimator"), z, 0.0
        for i in (1, 2, 3):
            stays, moves = h.chunk(2, 1)
            shift, raw = net.at(f"level1.step{i}.coupling").conditioner._modules["zeroconv"](estimator(stays)).chunk(2, 1)
            scale = 2.0 * torch.tanh(raw / 2.0)
            h = torch.cat((moves * scale.exp() + shift, stays), 1)
            total = total + scale.sum((1, 2, 3))
        return (total - 0.5 * (h**2).sum((1, 2, 3))).mean()

    def by_flow(net: torch.nn.Module) -> torch.Tensor:
        h, total = z, 0.0
        for i in (1, 2, 3):
            h, log_det = net.at(f"level1.step{i}.coupling")(h)
            h, _ = net.at(f"level1.step{i}.swap")(h)
            total = total + log_det
        return (total - 0.5 * (h**2).sum((1, 2, 3))).mean()

    for net, loss in ((mine, by_flow), (theirs, by_hand)):
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
        (-loss(net)).backward()
        optimizer.step()
    for (name, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters()):
        torch.testing.assert_close(a, b, msg=name)


def test_gates_start_neutral_and_tell_the_uses_apart():
    model = build(compiled(VARIANTS["gate"]), seed=0)
    h = torch.rand(2, 4, 4, 4)
    uses = [model.at(f"level1.step{i}.coupling").conditioner._modules["share"] for i in (1, 2)]
    assert torch.equal(uses[0](h), uses[1](h))
    uses[0].gate.data += 1
    assert not torch.allclose(uses[0](h), uses[1](h))


def test_concatenated_embedding_starts_normalised_from_data():
    model = build(compiled(VARIANTS["concat"]), seed=0)
    model.initialise(torch.randint(0, 256, (4, 2, 8, 8)))
    share = model.at("level2.step3.coupling").conditioner._modules["share"]
    entering = share._entering().flatten(1)
    torch.testing.assert_close(entering.mean(1), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(entering.std(1, unbiased=False), torch.ones(2))


def test_json_out_and_back():
    graph = compiled(FULL).graph
    assert Graph.model_validate_json(graph.model_dump_json()) == graph


def test_deployed_keeps_cached_vectors_and_no_projection():
    checked = compiled(VARIANTS["bias"], levels=1)
    numbers = of_graph(checked.graph)
    projection, embeddings, cached = 4 * 5 + 4, 3 * 5, 3 * 4
    assert numbers.parameters - numbers.deployed == projection + embeddings - cached


SHARE = "share(estimator(width), across={}{})"


@pytest.mark.parametrize(
    "text, code",
    [
        (spec(across="4"), "FS601"),
        (spec(times="2"), "FS601"),
        (spec(sites="; modulate"), "FS603"),
        (spec(", embed=gate"), "FS603"),
        (spec(", embed=concat"), "FS205"),
        (spec(", embed=gates", "; modulate"), "FS207"),
        (spec(", embd=gate", "; modulate"), "FS203"),
        (spec().replace("share(estimator(width), across=K)", "estimator(width)").replace("tanh }", "modulate }"), "FS604"),
        (
            "flow f { input image(2, 8, 8); dequantize(uniform)\nrepeat 2 { squeeze(2)\n"
            "coupling(additive, share(conv(3, 4), across=2) >> zeroconv(1)) }\nprior gaussian }",
            "FS602",
        ),
    ],
)
def test_faults(text, code):
    assert [found for found, _ in faults(text)] == [code]

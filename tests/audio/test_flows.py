"""Flows of sound: the published counts, causality, likelihoods and both ways back."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.modules.networks.structure import Chain
from flowspec.numbers import of_graph
from flowspec.spec import load
from tests.audio.small import AFFINE, NETWORKS, SPLINE, checked, drawn, perturbed, spec
from tests.spec_text import faults

COUNTS = {
    "waveflow": (22_385_892, 22_335_714),
    "waveflow_64": (5_950_180, 5_925_090),
    "waveflow_spline": (22_482_612, 22_432_434),
    "nanoflow_audio_naive": (2_798_408, 2_792_134),
    "nanoflow_audio_decomp": (2_800_228, 2_793_954),
    "nanoflow_audio": (3_865_188, 2_818_530),
    "nanoflow_audio_16": (4_936_324, 2_845_186),
    "nanoflow_audio_spline": (3_961_908, 2_915_250),
}
"""As built and deployed, of the paper's code."""
IMAGES = {
    "nanoflow": 10_113_264, "nanoflow_48": 10_718_544, "nanoflow_naive": 9_263_064, "nanoflow_decomp": 9_934_896,
    "nanoflow_alt": 6_961_392, "nanoflow_alt_48": 10_319_184, "nanoflow_alt_naive": 778_200, "nanoflow_alt_decomp": 6_783_024,
}  # fmt: skip

each_network = pytest.mark.parametrize("network", NETWORKS)
each_map = pytest.mark.parametrize("map", [AFFINE, SPLINE], ids=["affine", "spline"])


def stored(name: str) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build(load(name).checked).parameters())


@pytest.mark.parametrize("name", COUNTS)
def test_published_counts_of_sound(name: str) -> None:
    numbers = of_graph(load(name).checked.graph)
    assert (numbers.parameters, numbers.deployed) == COUNTS[name]
    assert stored(name) == numbers.parameters


@pytest.mark.parametrize("name", IMAGES)
def test_published_counts_of_images(name: str) -> None:
    assert of_graph(load(name).checked.graph).parameters == stored(name) == IMAGES[name]


@each_network
@pytest.mark.parametrize("given", ["", ", given=mel"], ids=["alone", "given"])
def test_counts_by_rule_are_those_stored(network: str, given: str) -> None:
    text = spec(network, given=given)
    assert of_graph(checked(text).graph).parameters == sum(parameter.numel() for parameter in build(checked(text)).parameters())


def steps(flow: Flow) -> list[torch.nn.Module]:
    return [module for name, module in flow.named_modules() if name.endswith(".autoregressive")]


@each_map
@pytest.mark.parametrize("order", ["backward=false", "backward=true"])
def test_a_row_depends_on_rows_before_it_alone(map: str, order: str) -> None:
    flow = perturbed(spec("waveflow", map, order=order), K=1)
    (step,), (x, mel) = steps(flow), drawn(batch=1)
    rows = x.view(1, 1, 8, 12) / 3
    conditions = flow._start(None, mel, 1)[1]
    found = torch.autograd.functional.jacobian(lambda rows: step(rows, (conditions,))[0], rows).abs()[0, 0, :, :, 0, 0]
    found = found.flip(0, 2) if "true" in order else found
    by_rows = found.sum((1, 3))
    assert not by_rows.triu(1).any()
    assert by_rows.diagonal().gt(0).all() and by_rows.diagonal(-1).gt(0).all() and by_rows.diagonal(-4).any()
    own = found.movedim(2, 1)[torch.eye(8).bool()]  # the elements of one row are mapped each by itself
    assert not (own - torch.diag_embed(own.diagonal(dim1=1, dim2=2))).any()


def test_conditions_reach_their_own_row_and_those_after() -> None:
    flow = perturbed(spec("full", order="backward=true"), K=1)
    (step,), (x, mel) = steps(flow), drawn(batch=1)
    given = flow._start(None, mel, 1)[1].detach()
    found = torch.autograd.functional.jacobian(lambda given: step(x.view(1, 1, 8, 12), (given,))[0], given).abs().sum((0, 1, 3, 4, 5, 7))
    assert not found.tril(-1).any() and found.diagonal().gt(0).all() and found.diagonal(1).gt(0).all()


@each_map
@each_network
def test_the_log_det_is_that_of_autograd(network: str, map: str) -> None:
    flow = perturbed(spec(network, map), samples=32, height=4)
    mel = drawn()[1][:1]
    x = torch.randn(1, 1, 32, dtype=torch.float64)
    _, log_det = flow(x, mel)
    jacobian = torch.autograd.functional.jacobian(lambda x: flow(x.view(1, 1, 32), mel)[0].flatten(), x.flatten())
    torch.testing.assert_close(log_det[0], torch.linalg.slogdet(jacobian).logabsdet, rtol=0, atol=1e-9)


def slow_inverse(flow: Flow, z: Tensor, mel: Tensor | None) -> Tensor:
    """The inverse with the conditioners run in whole for every row."""
    by_rows = Chain.by_rows
    Chain.by_rows = lambda self, given=(), signals=(): None
    try:
        return flow.inverse(z, mel)
    finally:
        Chain.by_rows = by_rows


@torch.no_grad()
@each_map
@each_network
@pytest.mark.parametrize("uses", [1, 2, 3])
def test_fast_inverse_and_slow_inverse_give_the_data_back(network: str, map: str, uses: int) -> None:
    flow, (x, mel) = perturbed(spec(network, map), K=uses), drawn()
    z, _ = flow(x, mel)
    fast, slow = flow.inverse(z, mel), slow_inverse(flow, z, mel)
    torch.testing.assert_close(fast, x, rtol=0, atol=1e-8)
    torch.testing.assert_close(slow, fast, rtol=0, atol=1e-8)
    torch.testing.assert_close(flow(x, mel)[0], z, rtol=0, atol=0)  # nothing is left changed


@torch.no_grad()
def test_without_conditions() -> None:
    flow, (x, _) = perturbed(spec("full", given="")), drawn()
    z, _ = flow(x)
    torch.testing.assert_close(flow.inverse(z), x, rtol=0, atol=1e-8)


def test_sampling_costs_as_much_as_one_pass() -> None:
    flow, (x, mel) = perturbed(spec("full", SPLINE)).requires_grad_(False), drawn()
    counts = []
    for run in (flow.log_prob, flow.inverse):
        with FlopCounterMode(display=False) as counter:
            run(x if run == flow.log_prob else x.view(2, 1, 8, 12), mel)
        counts.append(counter.get_total_flops())
    assert counts[1] <= 1.01 * counts[0]


def test_multiply_adds_by_rule_are_those_done() -> None:
    text = spec("full")
    flow, (x, mel) = perturbed(text), drawn()
    with FlopCounterMode(display=False) as counter:
        flow.log_prob(x, mel)
    # The projections of the embeddings are done once for a batch: 2 uses x 2 layers, 8 x 3.
    assert counter.get_total_flops() == 2 * (2 * of_graph(checked(text).graph).density - 2 * 2 * 8 * 3)


@each_network
def test_the_whole_is_one_graph(network: str) -> None:
    torch._dynamo.reset()
    flow, (x, mel) = perturbed(spec(network, SPLINE)), drawn()
    found = torch.compile(flow.log_prob, fullgraph=True, backend="eager")(x, mel)
    torch.testing.assert_close(found, flow.log_prob(x, mel))


def test_at_the_start_the_steps_differ_by_their_embeddings_alone() -> None:
    flow = build(checked(spec("full")), seed=0)
    conditioners = [step.conditioner._modules["share"] for step in steps(flow)]
    assert conditioners[0]._network[0] is conditioners[1]._network[0]
    assert all(conditioner.gate.eq(1).all() for conditioner in conditioners)
    assert not torch.equal(conditioners[0].embedding, conditioners[1].embedding)


@pytest.mark.parametrize(
    "old, new, code",
    [
        ("zeroconv(1, start=small)", "zeroconv(3)", "FS403"),
        ("zeroconv(1, start=small)", "residual { conv(3, 4) }; zeroconv(1)", "FS403"),
        ("fold(height)\n    for", "for", "FS302"),
        ("height=8", "height=7", "FS303"),
        ("over=rows, ", "", "FS302"),
        ("size=3, ", "", "FS205"),
    ],
)
def test_faults(old: str, new: str, code: str) -> None:
    assert faults(spec("full").replace(old, new))[0][0] == code

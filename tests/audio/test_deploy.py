"""Deployed flows: they compute what the trained ones do, with as many parameters as the report says."""

from __future__ import annotations

import pytest
import torch

from flowspec.modules.build import build
from flowspec.modules.deploy import deploy
from flowspec.numbers import of_graph
from flowspec.spec import load
from tests.audio.small import AFFINE, NETWORKS, SPLINE, drawn, perturbed, spec
from tests.modules.test_sharing import VARIANTS
from tests.modules.test_sharing import perturbed as perturbed_images


def size(flow: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in flow.parameters())


@torch.no_grad()
@pytest.mark.parametrize("map", [AFFINE, SPLINE], ids=["affine", "spline"])
@pytest.mark.parametrize("network", NETWORKS)
def test_deployed_sound(network: str, map: str) -> None:
    flow, (x, mel) = perturbed(spec(network, map)), drawn()
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    deployed = deploy(flow)
    assert size(deployed) == of_graph(flow.checked.graph).deployed < size(flow)
    torch.testing.assert_close(deployed.log_prob(x, mel), flow.log_prob(x, mel))
    z, _ = flow(x, mel)
    torch.testing.assert_close(deployed.inverse(z, mel), flow.inverse(z, mel))
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())


@torch.no_grad()
@pytest.mark.parametrize("name", VARIANTS)
def test_deployed_images(name: str) -> None:
    flow = perturbed_images(VARIANTS[name])
    deployed = deploy(flow)
    assert size(deployed) == of_graph(flow.checked.graph).deployed
    x = torch.randint(0, 256, (3, 2, 8, 8))
    found = []
    for model in (flow, deployed):
        torch.manual_seed(0)
        found.append(model.log_prob(x))
    torch.testing.assert_close(*found)


@torch.no_grad()
def test_deployed_twice_and_whole() -> None:
    flow, (x, mel) = perturbed(spec("full")), drawn()
    deployed = deploy(deploy(flow))
    assert size(deployed) == of_graph(flow.checked.graph).deployed
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(deployed.log_prob, fullgraph=True, backend="eager")(x, mel), flow.log_prob(x, mel))


def test_the_published_size_is_what_is_stored() -> None:
    assert size(deploy(build(load("nanoflow_audio_spline").checked))) == 2_915_250
    assert size(deploy(build(load("waveflow_64").checked))) == 5_925_090

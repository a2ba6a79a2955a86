"""A sharing group is one set of parameters to what works on whole modules: export, data-parallel and sharding wrappers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.distributed import destroy_process_group, init_process_group
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from flowspec.modules.flow import Flow
from flowspec.train.objective import Objective
from tests.modules.test_sharing import VARIANTS, perturbed

PROCESSES = 2


def real(name: str) -> Flow:
    """A flow of real images with a sharing group at each of two levels."""
    return perturbed(VARIANTS[name].replace("image(2, 8, 8)", "image(2, 8, 8, levels=real)").replace("dequantize(uniform)", ""))


def images() -> Tensor:
    torch.manual_seed(3)
    return torch.rand(4, 2, 8, 8, dtype=torch.float64)


@pytest.mark.parametrize("name", ["naive", "full"])
def test_an_exported_flow_has_each_parameter_once(name: str) -> None:
    flow, x = real(name), images()
    program = torch.export.export(flow, (x,))
    stored = sorted(name for name, _ in flow.named_parameters())
    assert sorted(program.graph_signature.parameters) == stored and set(program.state_dict) == set(flow.state_dict())
    used = [node.target for node in program.graph.nodes if node.op == "placeholder"]
    assert len(used) == len(set(used))
    for found, expected in zip(program.module()(x), flow(x), strict=True):
        torch.testing.assert_close(found, expected)


def gradients(flow: Flow, model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """One backward pass of a wrapped objective; the whole gradient of each of the flow's parameters."""
    model(x, None)[0].backward()
    found = {name: parameter.grad for name, parameter in flow.named_parameters()}
    return {name: grad.full_tensor() if isinstance(grad, DTensor) else grad for name, grad in found.items()}


def on_one_rank(rank: int, meeting: str) -> None:
    """Each wrapper gives every rank the gradient of the whole batch, of which it saw a part."""
    torch.set_num_threads(1)
    init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=PROCESSES)
    x = images()
    expected = gradients(flow := real("full"), Objective(flow), x)
    for wrap in (DistributedDataParallel, fully_shard):
        flow = real("full")
        count = sum(parameter.numel() for parameter in flow.parameters())
        model = wrap(Objective(flow).to(memory_format=torch.contiguous_format))  # fully_shard takes no other
        assert sum(parameter.numel() for parameter in flow.parameters()) == count
        for name, found in gradients(flow, model, x[rank::PROCESSES]).items():
            torch.testing.assert_close(found, expected[name], msg=f"{wrap.__name__}: {name}")
    destroy_process_group()


def test_wrappers_see_one_network_whatever_the_number_of_its_uses(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(on_one_rank, (str(tmp_path / "meeting"),), nprocs=PROCESSES)

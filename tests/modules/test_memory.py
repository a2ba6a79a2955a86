"""Training that saves memory: the same results, gradients and statistics, and less that is kept."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.modules.recomputing import Checkpointed
from flowspec.modules.reversal import Reversed
from tests.spec_text import compiled

EVERYTHING = """
flow everything {
    input image(3, 8, 8)
    context vector(4) >> linear(3) as label
    dequantize(noise)
    squeeze(2)
    tap x
    repeat 3 { actnorm(start=identity); conv1x1; coupling(affine(scale=sigmoid), shared >> batchnorm >> conv(3), given=label); swap }
    split(4) as (a, b)
    on a { inverse { coupling(affine(scale=sigmoid), conv(3, 8) >> batchnorm >> relu >> conv(3), given=label) }; swap }
    on b { elementwise(affine(scale=sigmoid), conv(3), given=a); reverse }
    merge(a, b)
    augment(2, conv(3, 4) >> batchnorm >> relu >> conv(3), given=x)
    repeat 2 { coupling(affine(scale=sigmoid), conv(3, 8) >> dropout(0.3) >> relu >> conv(3)); swap }
    split(half, prior=gaussian(zeroconv(3)))
    prior gaussian(learned)
}
net shared { share(conv(3, 8) >> batchnorm >> relu, across=3) }
flow noise { input image(3, 8, 8, levels=real); context image(3, 8, 8) as y; logit(0); coupling(affine, conv(1), split=checkerboard, given=y); prior gaussian }
"""
CHAIN = "flow chain(steps=2) { input image(4, 8, 8, levels=real); repeat steps { actnorm(start=identity); conv1x1; coupling(affine, conv(3, 8) >> relu >> conv(3)) }\nprior gaussian }"

BATCH = 7
"""The length of no other axis: tells activations from parameters."""


def trained(flow: Flow, memory: str) -> tuple[Flow, dict[str, Tensor], Tensor]:
    """A copy after one backward pass, the terms, and what chance gives next."""
    flow = copy.deepcopy(flow)
    flow.use_memory(memory)
    torch.manual_seed(5)
    x, label = torch.randint(0, 256, (6, 3, 8, 8)), torch.randn(6, 4, dtype=torch.float64)
    terms = flow.terms(x, label)
    sum(term.mean() for term in terms.values()).backward()
    return flow, terms, torch.rand(3)


@pytest.mark.parametrize("memory", ["checkpoint", "reversible"])
def test_nothing_but_memory_changes(memory: str) -> None:
    flow = build(compiled(EVERYTHING), seed=0).double().train()
    (plain, wanted, chance), (saving, found, chance_after) = trained(flow, "plain"), trained(flow, memory)
    assert list(found) == list(wanted) and torch.equal(chance, chance_after)
    for name, term in wanted.items():
        assert torch.equal(found[name], term), name
    for (name, expected), parameter in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad, rtol=1e-9, atol=1e-9, msg=name)
    for (name, expected), buffer in zip(plain.named_buffers(), saving.buffers(), strict=True):
        assert torch.equal(buffer, expected), name
    assert plain.state_dict().keys() == saving.state_dict().keys()


def test_batch_normalisation_of_the_state_is_not_turned_back() -> None:
    """Its way back has the running statistics, not those of the batch."""
    text = "flow f { input vector(4); repeat 2 { batchnorm; coupling(affine, mlp([8])); swap; linear }\nprior gaussian }"
    flows = {memory: build(compiled(text), seed=0).double().train() for memory in ("plain", "reversible")}
    for memory, flow in flows.items():
        flow.use_memory(memory)
        torch.manual_seed(0)
        flow.log_prob(3 + 2 * torch.randn(6, 4, dtype=torch.float64)).mean().backward()
    for (name, plain), reversed in zip(flows["plain"].named_parameters(), flows["reversible"].parameters(), strict=True):
        torch.testing.assert_close(reversed.grad, plain.grad, msg=name)
    for plain, reversed in zip(flows["plain"].buffers(), flows["reversible"].buffers(), strict=True):
        assert torch.equal(reversed, plain)


def test_what_is_recomputed_and_how() -> None:
    flow = build(compiled(EVERYTHING))
    flow.use_memory("reversible")
    paths = {kind: [operation.path for operation in flow._kept if type(operation.module) is kind] for kind in (Reversed, Checkpointed)}
    assert paths[Reversed] == ["step1.actnorm … a.swap", "b.elementwise … merge", "step5.swap … split2"]
    assert paths[Checkpointed] == ["dequantize", "augment", "step4.coupling", "step5.coupling", "split2_prior"]


def kept(memory: str, steps: int) -> int:
    """Bytes of activations that the forward pass of a chain keeps for the backward pass."""
    flow = build(compiled(CHAIN.replace("steps=2", f"steps={steps}")))
    flow.use_memory(memory)
    seen: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.dim() == 4 and len(tensor) == BATCH:
            seen[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        flow.log_prob(torch.randn(BATCH, 4, 8, 8))
    return sum(tensor.nbytes for tensor in seen.values())


def test_reversible_training_keeps_as_much_for_many_steps_as_for_few() -> None:
    assert kept("reversible", 2) == kept("reversible", 9) <= kept("plain", 2) / 4
    assert kept("plain", 8) > 3 * kept("plain", 2)

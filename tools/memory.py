"""Memory and time of a training step for flows of more and more steps, with each use of memory.

    python tools/memory.py
    python tools/memory.py --spec denseflow_45_6 --grow modules --count 15 --count 30 --set side=16

Memory is the peak, over forward and backward, of the bytes of live tensors that have a row for each example; parameters and
their gradients have none. Time is CPU time, the least of several steps.
"""

from __future__ import annotations

import weakref
from time import process_time

import click
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from flowspec.cli.specs import compiled
from flowspec.modules.flow import Flow

MODES = ("plain", "checkpoint", "reversible")
BATCH = 13
"""The length of no other first axis."""


class Live(TorchDispatchMode):
    """Follows the storages of tensors whose first axis is the batch; `peak` is the most bytes that were alive at once."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes: dict[int, int] = {}
        self.now = self.peak = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        result = operator(*args, **(kwargs or {}))
        tree_map_only(Tensor, self._follow, result)
        return result

    def _follow(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if tensor.dim() and len(tensor) == BATCH and storage._cdata not in self.bytes:
            self.bytes[storage._cdata] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, storage._cdata)

    def _forget(self, address: int) -> None:
        self.now -= self.bytes.pop(address)


def step(flow: Flow, x: Tensor) -> None:
    """Gradients of the mean of -log p(x)."""
    flow.zero_grad(set_to_none=True)
    torch.manual_seed(0)
    (-flow.log_prob(x).mean()).backward()


def peak(flow: Flow, x: Tensor) -> int:
    """Bytes of activations alive at once in a training step."""
    with Live() as live:
        step(flow, x)
    return live.peak


def seconds(flow: Flow, x: Tensor, repeats: int) -> float:
    """CPU time of a training step, the least of several."""
    found = []
    for _ in range(repeats):
        start = process_time()
        step(flow, x)
        found.append(process_time() - start)
    return min(found)


@click.command()
@click.option("--spec", default="glow", show_default=True)
@click.option("--grow", default="steps", show_default=True, help="The parameter that makes the flow longer.")
@click.option("--count", "counts", type=int, multiple=True, default=(8, 16, 32, 64), show_default=True)
@click.option("--set", "settings", multiple=True, default=("levels=1", "width=32", "side=16"), show_default=True, metavar="NAME=VALUE")
@click.option("--repeats", default=5, show_default=True)
def main(spec: str, grow: str, counts: tuple[int, ...], settings: tuple[str, ...], repeats: int) -> None:
    """Prints MiB of activations and seconds of a training step, for each number of steps and use of memory."""
    torch.set_num_threads(1)
    click.echo(f"{grow:>8} {'parameters':>12} " + " ".join(f"{mode:>22}" for mode in MODES))
    for count in counts:
        flow = compiled(spec, (*settings, f"{grow}={count}")).build(seed=0).train()
        state = flow.input_state
        x = torch.randint(0, state.levels, (BATCH, *state.shape)) if state.levels else torch.randn(BATCH, *state.shape)
        flow.initialise(x)
        cells = []
        for mode in MODES:
            flow.use_memory(mode)
            cells.append(f"{peak(flow, x) / 2**20:10.2f} MiB {seconds(flow, x, repeats):6.3f} s")
        click.echo(f"{count:8} {sum(p.numel() for p in flow.parameters()):12,} " + " ".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()

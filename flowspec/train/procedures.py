"""What is shown of a flow beside its samples: reconstructions, the stages of a sample, paths between two examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Literal

import torch
from torch import Tensor

from flowspec.modules.flow import Condition, Flow
from flowspec.modules.operations import Temperature, several
from flowspec.train.errors import RunError

Path = Literal["linear", "spherical"]
Noise = Literal["zero", "fixed", "fresh"]


@torch.no_grad()
def reconstructions(flow: Flow, x: Tensor, context: Condition = None, temperature: Temperature = 0.0) -> Tensor:
    """Examples to latents and back: x (B, *shape) -> (B, *shape). At temperature 0 each decoder gives its mean."""
    latents, _ = flow(x, context)
    return flow.inverse(latents, context, temperature)


@torch.no_grad()
def stages(flow: Flow, part: str, n: int, draws: int = 4, context: Condition = None, temperature: Temperature = 1.0) -> Tensor:
    """What a part makes of samples, (n, 2 + draws, *shape), a row for each latent (Morrow & Chiu 2020, Fig. 4).

    In a row: the decoder's mean and a draw of it as they are without the part, then draws with the part.
    """
    before = flow.bypassing([part])
    latents = _draw_latents(flow, n)
    shown = [before.inverse(latents, context, 0.0), before.inverse(latents, context, temperature)]
    shown += [flow.inverse(latents, context, temperature) for _ in range(draws)]
    return torch.stack(shown, 1)


def _draw_latents(flow: Flow, n: int) -> tuple[Tensor, ...]:
    """Draws of every prior: the latents of one of the flow's samples."""
    ends = [operation for operation in flow._density if operation.ends]
    if any(operation.given for operation in ends):
        raise RunError("the stages of a sample are shown of flows whose priors are conditioned on nothing")
    return tuple(operation.module.sample(n) for operation in ends)


@torch.no_grad()
def interpolation(flow: Flow, ends: Tensor, steps: int = 8, path: Path = "linear", noise: Noise = "zero",
                  without: Collection[str] = (), context: Condition = None, temperature: Temperature = 1.0, seed: int = 0) -> Tensor:  # fmt: skip
    """From one example to another through their latents: ends (2, *shape) -> (steps, *shape).

    The latents are those of the flow `without` the named parts: leaving out a flow prior gives the latents that it is a prior
    of. Decoders draw no `noise` (their mean is shown), the same all along, or fresh noise at each step.
    """
    view = flow.bypassing(without)
    latents, _ = view(ends, context)
    between = [_between(z, steps, path) for z in several(latents)]
    frames = []
    for i in range(steps):
        warmth = 0.0 if noise == "zero" else temperature
        with _same_chance(seed) if noise == "fixed" else nullcontext():
            frames.append(view.inverse(tuple(z[i : i + 1] for z in between), _first(context), warmth))
    return torch.cat(frames)


@contextmanager
def _same_chance(seed: int) -> Iterator[None]:
    """Draws from `seed` inside; torch's chance is then as before."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _first(context: Condition) -> Condition:
    """What the first example is given."""
    return {name: value[:1] for name, value in context.items()} if isinstance(context, Mapping) else context if context is None else context[:1]


def _between(z: Tensor, steps: int, path: Path) -> Tensor:
    """z (2, *shape) -> (steps, *shape): on the straight line, or along the great circle with lengths in proportion."""
    t = torch.linspace(0, 1, steps, dtype=z.dtype, device=z.device).view(-1, *(1 for _ in z.shape[1:]))
    if path == "linear":
        return (1 - t) * z[:1] + t * z[1:]
    lengths = z.flatten(1).norm(dim=1).clamp_min(torch.finfo(z.dtype).tiny)
    a, b = (z[i : i + 1] / lengths[i] for i in range(2))
    angle = torch.arccos((a * b).sum().clamp(-1, 1))
    if angle.sin().abs() < 1e-6:
        return (1 - t) * z[:1] + t * z[1:]
    return ((1 - t) * lengths[0] + t * lengths[1]) * (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()

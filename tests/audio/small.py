"""Small flows of sound, of the same words as the published ones."""

from __future__ import annotations

import torch
from torch import Tensor

from flowspec.checked import CheckedGraph
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from tests.spec_text import compiled

SAMPLES, FRAMES = 96, 25
AFFINE, SPLINE = "affine", "spline(bins=4, bound=2, temper=2.0)"
NETWORKS = {
    "waveflow": "wavenet(width, layers=2) >> head",
    "naive": "share(wavenet(width, layers=2) >> head, across=K)",
    "decomp": "share(wavenet(width, layers=2), across=K) >> head",
    "bias": "share(wavenet(width, layers=2), across=K, embed=bias, size=3) >> head",
    "concat": "share(wavenet(width, layers=2), across=K, embed=concat, size=1, normalise=true) >> head",
    "full": "share(wavenet(width, layers=2), across=K, embed=bias+gate, size=3, gates=plain) >> head",
}


def spec(network: str = "full", map: str = AFFINE, given: str = ", given=mel", order: str = "backward=step % 2 == 1") -> str:
    """The text of a flow whose conditioner is one of NETWORKS."""
    context = f"context mel(bands=3, frames={FRAMES}) >> upsample(4) >> crop(samples) >> fold(height) as mel" if given else ""
    head = "zeroconv(1, start=small)" if map == AFFINE else "conv(1, weight_norm=kept)"
    return f"""
flow sound(K=2, height=8, width=4, samples={SAMPLES}) {{
    input audio(samples)
    {context}
    fold(height)
    for step in 1..K {{ autoregressive({map}, {NETWORKS[network]}, over=rows, {order}{given}) }}
    prior gaussian
}}
net head {{ {head} }}
"""


def checked(text: str, **overrides: int) -> CheckedGraph:
    """The checked graph of a text."""
    return compiled(text, **overrides)


def perturbed(text: str, **overrides: int) -> Flow:
    """A flow in float64, every parameter away from where it starts."""
    flow = build(compiled(text, **overrides), seed=0).double()
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return flow.eval()


def drawn(batch: int = 2, given: bool = True) -> tuple[Tensor, Tensor | None]:
    """Sound and its mel spectrogram, by chance."""
    torch.manual_seed(2)
    x = torch.randn(batch, 1, SAMPLES, dtype=torch.float64)
    return x, torch.randn(batch, 3, FRAMES, dtype=torch.float64) if given else None

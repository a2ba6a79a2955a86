"""B-NAF beside its peers: pyro's, and the form of the authors' code, whose log-Jacobian is a sum over (B, D, a, b) tensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from peers.models import Candidate, Task


def pyro(task: Task) -> Candidate:
    """pyro's transforms; their cache is cleared, or a call would return the result of the last one."""
    from pyro.distributions import transforms

    steps = []
    for i in range(task.transforms):
        last = i == task.transforms - 1
        steps.append(transforms.BlockAutoregressive(task.features, list(task.hidden), "tanh", residual=None if last else "gated"))
        steps += [] if last else [transforms.Permute(torch.arange(task.features).flip(0))]

    def log_prob(x: Tensor) -> Tensor:
        log_det = 0.0
        for step in steps:
            step.clear_cache()
            z = step(x)
            log_det, x = log_det + step.log_abs_det_jacobian(x, z), z
        return _standard_normal(x) + log_det

    return Candidate(nn.ModuleList(step for step in steps if isinstance(step, nn.Module)), log_prob, None)


class Materialised(nn.Module):
    """One flow, its layers' log-blocks and the running log-slopes added in full before they are summed."""

    def __init__(self, features: int, hidden: tuple[int, ...], gated: bool):
        super().__init__()
        self.features, sizes = features, (1, *hidden, 1)
        self.sizes = list(zip(sizes[1:], sizes[:-1]))
        self.raw = nn.ParameterList(0.1 * torch.randn(features * a, features * b) for a, b in self.sizes)
        self.log_scale = nn.ParameterList(torch.rand(features * a, 1).log() for a, _ in self.sizes)
        self.bias = nn.ParameterList(0.1 * torch.randn(features * a) for a, _ in self.sizes)
        self.gate = nn.Parameter(torch.randn(1)) if gated else None
        for i, (a, b) in enumerate(self.sizes):
            ones = torch.ones(a, b)
            self.register_buffer(f"own{i}", torch.block_diag(*[ones] * features))
            rows, columns = (torch.arange(features).repeat_interleave(size) for size in (a, b))
            self.register_buffer(f"below{i}", (columns < rows[:, None]).float())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u, logs = x, None
        for i, (a, b) in enumerate(self.sizes):
            own = getattr(self, f"own{i}")
            raw = self.raw[i].exp() * own + self.raw[i] * getattr(self, f"below{i}")
            norm = raw.norm(dim=1, keepdim=True)
            blocks = (self.log_scale[i] + self.raw[i] - norm.log())[own.bool()].view(self.features, a, b)
            if i > 0:
                slope = -2 * (u - math.log(2) + F.softplus(-2 * u))
                u = torch.tanh(u)
                logs = logs + slope.view(len(x), self.features, 1, b)
            logs = blocks.expand(len(x), -1, -1, -1) if logs is None else blocks + logs
            logs = logs.logsumexp(-1).unsqueeze(-2)
            u = F.linear(u, self.log_scale[i].exp() * raw / norm, self.bias[i])
        logs = logs[:, :, 0, 0]
        if self.gate is None:
            return u, logs.sum(1)
        return torch.sigmoid(self.gate) * (u - x) + x, (F.softplus(logs + self.gate) - F.softplus(self.gate)).sum(1)


def materialised(task: Task) -> Candidate:
    """The form of the authors' code."""
    flows = nn.ModuleList(Materialised(task.features, task.hidden, i < task.transforms - 1) for i in range(task.transforms))

    def log_prob(x: Tensor) -> Tensor:
        log_det = 0.0
        for flow in flows:
            z, change = flow(x)
            log_det, x = log_det + change, z.flip(1)
        return _standard_normal(x) + log_det

    return Candidate(flows, log_prob, None)


def _standard_normal(z: Tensor) -> Tensor:
    return -0.5 * (z * z + math.log(2 * math.pi)).sum(1)

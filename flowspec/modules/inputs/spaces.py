"""Conditions as tensors that networks can read."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.vocabulary.word import Input


class AsGiven(nn.Module):
    """Real values, shape (B, *shape)."""

    def __init__(self, word: Input):
        super().__init__()
        self.shape = word.state().shape

    def forward(self, x: Tensor) -> Tensor:
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"a condition of shape {(len(x), *self.shape)} is needed; found {tuple(x.shape)}")
        return x


class Vector(AsGiven):
    """Real vectors, shape (B, D)."""


class Zeros(nn.Module):
    """Zeros for a batch, shape (B, D): nobody gives them."""

    def __init__(self, word: Input):
        super().__init__()
        self.features = word.features
        # Says in which dtype and on which device.
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(self, batch: int) -> Tensor:
        return self.like.new_zeros(batch, self.features)


class Image(AsGiven):
    """Images, shape (B, C, H, W)."""


class Classes(nn.Module):
    """Labels 0 … K-1 of shape (B,), or vectors of weights of shape (B, K), as vectors of shape (B, K)."""

    def __init__(self, word: Input):
        super().__init__()
        self.count = word.count
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(self, labels: Tensor) -> Tensor:
        if labels.dim() == 2 and labels.shape[1] == self.count:
            return labels
        if labels.dim() != 1 or labels.is_floating_point():
            raise ValueError(f"labels must be whole numbers of shape (B,), or weights of shape (B, {self.count}); found {tuple(labels.shape)}")
        return F.one_hot(labels.long(), self.count).to(self.like.dtype)

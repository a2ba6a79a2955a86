"""Attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.vocabulary.networks import attention as words
from flowspec.vocabulary.rules import Ports

ITERATIONS = 6


class Nystrom(nn.Module):
    """Self-attention by the Nyström method, with a residual on the values: x_BCHW -> y_BCHW. Tokens are t_BTE."""

    def __init__(self, word: words.Nystrom, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.width, self.landmarks = word.width, word.landmarks
        self.reshaped = word.tokens == "reshaped"
        channels = ports.input[0]
        self.inwards = nn.Conv2d(channels, 3 * word.width, 1)
        self.outwards = nn.Conv2d(word.width, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self._tokens(self.inwards(x)).split(self.width, 2)
        if not self.reshaped:
            q, k = q * self.width**-0.25, k * self.width**-0.25
        q_marks, k_marks = self._means(q), self._means(k)
        over = 1 if self.reshaped else 2
        outer = torch.softmax(q @ k_marks.mT, over)
        middle = torch.softmax(q_marks @ k_marks.mT, over)
        inner = torch.softmax(q_marks @ k.mT, over)
        mixed = (outer @ inverted(middle)) @ (inner @ v) + v
        return self.outwards(self._image(mixed, x))

    def _tokens(self, r: Tensor) -> Tensor:
        """r_B(3E)HW -> t_BT(3E)."""
        if self.reshaped:
            return r.contiguous().reshape(len(r), -1, r.shape[1])
        return r.flatten(2).mT

    def _image(self, tokens: Tensor, x: Tensor) -> Tensor:
        """t_BTE -> y_BEHW."""
        if self.reshaped:
            return tokens.reshape(len(x), self.width, *x.shape[2:])
        return tokens.mT.reshape(len(x), self.width, *x.shape[2:])

    def _means(self, tokens: Tensor) -> Tensor:
        """t_BTE -> the mean of each run of T/L tokens, m_BLE; to the letter, divided by √T."""
        means = tokens.unflatten(1, (self.landmarks, -1)).mean(2)
        return means * tokens.shape[1] ** -0.5 if self.reshaped else means


def inverted(matrix: Tensor) -> Tensor:
    """The pseudo-inverse of k_BLL by six iterations of third order (Xiong et al. 2021, eq. 11; Razavi et al. 2014)."""
    size = matrix.abs().sum(1).amax(-1) * matrix.abs().sum(2).amax(-1)
    inverse = matrix.mT / size[:, None, None]
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    for _ in range(ITERATIONS):
        product = matrix @ inverse
        inverse = 0.25 * inverse @ (13 * identity - product @ (15 * identity - product @ (7 * identity - product)))
    return inverse

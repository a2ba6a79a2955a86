"""The Fréchet distance of two sets of images, by their features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Frechet:
    """The distance of so many `samples` from so many test `images`, and that of as many training images, which is what chance leaves.

    A distance depends on its `features` and on both numbers: only those of the same three compare. Samples are of one
    `temperature`, or one for each part.
    """

    distance: float
    of_training: float
    features: str
    temperature: float | Mapping[str, float]
    samples: int
    images: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def __str__(self) -> str:
        of = f"{self.samples} samples at temperature {self._warmth()}, {self.images} test images; features: {self.features}"
        return f"Fréchet distance {self.distance:.4f}, of training images {self.of_training:.4f} ({of})"

    def _warmth(self) -> str:
        if not isinstance(self.temperature, Mapping):
            return f"{self.temperature:g}"
        return ", ".join(f"{number:g} of {part}" for part, number in self.temperature.items())


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The distance of the Gaussians fitted to features a_NF and b_MF, in squared units as FID is given (Heusel et al. 2017)."""
    return between(*fitted(a), *fitted(b))


def fitted(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean_F and covariance_FF of features_NF, in float64."""
    values = features.double()
    return values.mean(0), torch.cov(values.T).reshape(values.shape[1], values.shape[1])


def between(mean_a: Tensor, covariance_a: Tensor, mean_b: Tensor, covariance_b: Tensor) -> float:
    """|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)) of two Gaussians (Dowson & Landau 1982).

    A B has the eigenvalues of the symmetric R B R, R = A^(1/2): none of them is complex or, but for rounding, below 0.
    """
    values, vectors = torch.linalg.eigh(covariance_a)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    crossed = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp_min(0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * crossed)

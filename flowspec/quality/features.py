"""What images are compared by: the interface of features, and which are taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from flowspec.quality.networks import DigitsClassifier, Inception, RandomConvolutions


class Features(Protocol):
    """Images x_NCHW in [0, 1] -> features f_NF. `name` says in words what they are."""

    name: str

    def __call__(self, images: Tensor) -> Tensor: ...


FEATURES: Mapping[str, Callable[[], Features]] = MappingProxyType(
    {"inception": Inception, "digits": DigitsClassifier, "random": RandomConvolutions}
)
"""Features by the name that the command line has for them."""


def chosen(name: str | None, channels: int) -> Features:
    """The features of a name; without one those of Inception where its weights are at hand.

    Where they are not: those of a classifier of digits for images of one channel, of random convolutions for others.
    Raises DataError where what is asked for is not at hand.
    """
    if name is None:
        name = "inception" if Inception.at_hand() else "digits" if channels == 1 else "random"
    return FEATURES[name]()

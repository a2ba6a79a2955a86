"""The energies of the settings' words in torch, and the constants of those of the plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from math import log, pi

import torch
from torch import Tensor
from torch.nn import functional as F

from flowspec.train.errors import TrainingError
from flowspec.vocabulary.settings import energies as words

EnergyFunction = Callable[[Tensor], Tensor]
"""x_BD -> U_B."""
Functions = Mapping[str, EnergyFunction]
"""The functions that a caller declares, by the dotted names that specs know them by."""
SPACING = 0.02


def imported(name: str) -> EnergyFunction:
    """The function of a dotted name that the caller of a program has declared. Raises TrainingError."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TrainingError(f"the energy `{name}` cannot be imported: {error}") from None


def energy_function(word: words.Energy, declared: Functions) -> EnergyFunction:
    """U of a word. Raises TrainingError for a function that the caller has not declared."""
    if not isinstance(word, words.Function):
        formula = FORMULAS[type(word)]
        return lambda x: formula(*x.unbind(1)) + F.relu(x.abs() - word.bound).square().sum(1)
    if word.name not in declared:
        remedy = f"`--energy {word.name}` (in Python `energies={{{word.name!r}: …}}`)"
        raise TrainingError(f"the target is the function `{word.name}`, which a spec alone never runs: declare it with {remedy}")
    return declared[word.name]


def _u1(x: Tensor, y: Tensor) -> Tensor:
    radius = torch.stack((x, y)).norm(dim=0)
    return ((radius - 2) / 0.4).square() / 2 - torch.logaddexp(_bell(x - 2, 0.6), _bell(x + 2, 0.6))


def _u2(x: Tensor, y: Tensor) -> Tensor:
    return -_bell(y - _wave(x), 0.4)


def _u3(x: Tensor, y: Tensor) -> Tensor:
    away = y - _wave(x)
    return -torch.logaddexp(_bell(away, 0.35), _bell(away + 3 * _bell(x - 1, 0.6).exp(), 0.35))


def _u4(x: Tensor, y: Tensor) -> Tensor:
    away = y - _wave(x)
    return -torch.logaddexp(_bell(away, 0.4), _bell(away + 3 * torch.sigmoid((x - 1) / 0.3), 0.35))


def _wave(x: Tensor) -> Tensor:
    return torch.sin(2 * pi * x / 4)


def _bell(t: Tensor, sd: float) -> Tensor:
    return -(t / sd).square() / 2


FORMULAS = {words.U1: _u1, words.U2: _u2, words.U3: _u3, words.U4: _u4}


def log_constant(word: words.Energy, energy: EnergyFunction, features: int) -> float | None:
    """log Z = log of the integral of exp(-U) over the plane, by quadrature; None where nothing says how far exp(-U) reaches."""
    reach = word.reach()
    if features != 2 or reach is None:
        return None
    across = torch.arange(-reach, reach + SPACING, SPACING, dtype=torch.float64)
    rows = [-energy(torch.stack((x.expand_as(across), across), 1)) for x in across]
    return float(torch.cat(rows).logsumexp(0)) + 2 * log(SPACING)

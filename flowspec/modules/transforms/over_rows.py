"""Autoregression over rows: the elements of row r are mapped with parameters read off the rows before it (WaveFlow, eq. 6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.maps import MapModule, by_parameter
from flowspec.modules.transforms import Given, total


def forward(map: MapModule, conditioner: nn.Module, x: Tensor, given: Given, *, backward: bool) -> tuple[Tensor, Tensor]:
    """All rows in one pass of a conditioner that is causal over rows: x_BCRW -> z_BCRW, log_det_B."""
    x, given = _in_order(x, given, backward)
    above = torch.cat((torch.zeros_like(x[:, :, :1]), x[:, :, :-1]), 2)
    z, log_slope = map(x, by_parameter(conditioner(above, given), map.word.width))
    return (z.flip(2) if backward else z), total(log_slope, x)


def inverse(map: MapModule, conditioner: nn.Module, z: Tensor, given: Given, *, backward: bool) -> tuple[Tensor, Tensor]:
    """Row by row: z_BCRW -> x_BCRW, log_det_B. Each row is one step of `by_rows`, if the conditioner has it, or a pass in whole."""
    z, given = _in_order(z, given, backward)
    step = conditioner.by_rows(given) or _by_whole_passes(conditioner, z, given)
    rows, log_det, above = [], 0.0, torch.zeros_like(z[:, :, :1])
    for r, row in enumerate(z.split(1, 2)):
        above, log_slope = map.inverse(row, by_parameter(step(above, r), map.word.width))
        rows.append(above)
        log_det = log_det + total(log_slope, row)
    x = torch.cat(rows, 2)
    return (x.flip(2) if backward else x), log_det


def _in_order(x: Tensor, given: Given, backward: bool) -> tuple[Tensor, Given]:
    if not backward:
        return x, given
    return x.flip(2), tuple(condition.flip(2) if condition.dim() == 4 else condition for condition in given)


def _by_whole_passes(conditioner: nn.Module, z: Tensor, given: Given):  # noqa: ANN202
    """What `by_rows` returns, by evaluating the conditioner on the rows known so far and zeros."""
    known: list[Tensor] = []

    def step(above: Tensor, r: int) -> Tensor:
        known.append(above)
        rest = z.new_zeros(z.shape[0], z.shape[1], z.shape[2] - len(known), z.shape[3])
        return conditioner(torch.cat((*known, rest), 2), given)[:, :, r : r + 1]

    return step

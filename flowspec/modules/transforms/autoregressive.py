"""Autoregressive transforms."""

from __future__ import annotations

from torch import Tensor, nn

from flowspec.modules import module_of
from flowspec.modules.layout import joined_channels
from flowspec.modules.maps import by_parameter
from flowspec.modules.networks.incremental import in_turn
from flowspec.modules.transforms import Given, TransformModule, over_rows, total
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import autoregressive


class Autoregressive(TransformModule):
    """Forward in one pass; inverse feature by feature.

    The inverse asks the conditioner for `incremental(batch, given)`: a function that takes feature i, x_B (None at first),
    and returns the parameters of the next, raw_BP, at the cost of one pass for all features together. A conditioner that
    cannot do so returns None, and is then run in whole for each feature. Over rows it asks for `by_rows` likewise.
    """

    word: autoregressive.Autoregressive

    def __init__(
        self, word: autoregressive.Autoregressive, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]
    ):
        super().__init__(word, x, given, networks)
        self.map = module_of(word.map)(word.map)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        if self.word.over == "rows":
            return over_rows.forward(self.map, self.conditioner, x, given, backward=self.word.backward)
        z, log_slope = self.map(x, by_parameter(self.conditioner(x, given), self.word.map.width))
        return z, total(log_slope, x)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        if self.word.over == "rows":
            return over_rows.inverse(self.map, self.conditioner, z, given, backward=self.word.backward)
        next_raw = in_turn(self.conditioner, z, self.word.map.width, given)
        features, log_det, x = [], 0.0, None
        for column in z.split(1, 1):
            raw = next_raw(None if x is None else x.squeeze(1))
            x, log_slope = self.map.inverse(column, raw.unsqueeze(2))
            features.append(x)
            log_det = log_det + total(log_slope, x)
        return joined_channels(features), log_det

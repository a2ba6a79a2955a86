"""Networks that bring a series of frames to the positions of a folded one."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.networks.weight_norm import WeightNorm
from flowspec.vocabulary.networks import resampling as words
from flowspec.vocabulary.rules import Ports


class Upsample(WeightNorm, nn.ConvTranspose2d):
    """x_BMT -> y_BM(fT): the bands as rows of an image of one channel."""

    def __init__(self, word: words.Upsample, ports: Ports, children: dict[str, nn.Module]):
        factor = word.factor
        super().__init__(1, 1, (3, 2 * factor), stride=(1, factor), padding=(1, (factor + 1) // 2), output_padding=(0, factor % 2))
        self.slope = word.slope
        self.start_gain()

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv_transpose2d(x[:, None], self.made_weight(), self.bias, self.stride, self.padding, self.output_padding)
        return F.leaky_relu(y, self.slope)[:, 0]


class Crop(nn.Module):
    """The first of a series: x_BCT -> y_BCL."""

    def __init__(self, word: words.Crop, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.length = word.length

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : self.length]


class Fold(nn.Module):
    """A series as rows and columns: x_BCT -> y_BCRW, W = T / R."""

    def __init__(self, word: words.Fold, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.rows = word.rows

    def forward(self, x: Tensor) -> Tensor:
        return folded(x, self.rows)


def folded(x: Tensor, rows: int) -> Tensor:
    """Time t at row t mod rows, column t // rows: x_BCT -> y_BCRW."""
    return x.unflatten(2, (x.shape[2] // rows, rows)).mT.contiguous()

"""Networks whose features images are compared by."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.data import DataError, load


class Inception:
    """The 2,048 pooled features of Inception v3 with torchvision's weights, of images enlarged to 299x299.

    They are not the weights of Heusel et al. (2017): distances are near the published ones, and not the same.
    """

    name = "Inception v3, torchvision's IMAGENET1K_V1"

    def __init__(self) -> None:
        if not self.at_hand():
            raise _missing()
        from torchvision.models import inception_v3

        self.network = inception_v3(weights=None, init_weights=False, transform_input=True)
        self.network.load_state_dict(torch.load(_weights(), weights_only=True))
        self.network.fc = nn.Identity()
        self.network.eval()

    @staticmethod
    def at_hand() -> bool:
        """Whether torchvision is installed and the weights are where it would put them."""
        path = _weights()
        return path is not None and path.exists()

    def __call__(self, images: Tensor) -> Tensor:
        mean, sd = images.new_tensor(((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))).view(2, 1, 3, 1, 1)
        large = F.interpolate(images.expand(-1, 3, -1, -1), (299, 299), mode="bilinear", antialias=True)
        return self.network((large - mean) / sd)


def _missing() -> DataError:
    """Weights are never fetched unasked."""
    path = _weights()
    if path is None:
        given = "it is not installed, or not for this torch"
        return DataError("the features of Inception need torchvision", given, "pip install flowspec[vision], or choose other features")
    return DataError(f"the features of Inception need its weights at {path}", "they are not there", "put them there, or choose other features")


def _weights() -> Path | None:
    """Where torchvision keeps the weights; None without a torchvision that fits this torch."""
    try:
        from torchvision.models import Inception_V3_Weights
    except (ImportError, RuntimeError):
        return None
    return Path(torch.hub.get_dir(), "checkpoints", Inception_V3_Weights.IMAGENET1K_V1.url.rpartition("/")[2])


class DigitsClassifier:
    """The hidden layer of a classifier of scikit-learn's digits, which is trained at its first use; of images brought to 8x8."""

    def __init__(self) -> None:
        self.weight, self.bias, right = _trained()
        self.name = f"{len(self.bias)} of a classifier of 8x8 digits, {right:.1%} right"

    def __call__(self, images: Tensor) -> Tensor:
        small = F.interpolate(images.mean(1, keepdim=True), (8, 8), mode="bilinear", antialias=True)
        return torch.relu(small.flatten(1).double() @ self.weight + self.bias)


@cache
def _trained(width: int = 64) -> tuple[Tensor, Tensor, float]:
    """Weights_64F and bias_F of the hidden layer, and the share of test digits that the classifier gets right."""
    from sklearn.neural_network import MLPClassifier

    digits = load("digits")
    pixels, test = (part.reshape(len(part), -1) / (digits.levels - 1) for part in (digits.train, digits.test))
    classifier = MLPClassifier((width,), learning_rate_init=5e-3, early_stopping=True, random_state=0)
    classifier.fit(pixels, digits.labels.train)
    layer = (torch.from_numpy(values[0]) for values in (classifier.coefs_, classifier.intercepts_))
    return *layer, classifier.score(test, digits.labels.test)


class RandomConvolutions:
    """The mean responses of three layers of convolutions that nothing has trained, a step of pooling between them.

    Random features tell distributions apart without a network of natural images (Naeem et al. 2020, sec. 4).
    """

    WIDTH, LAYERS, SEED = 64, 3, 0
    name = f"{LAYERS * WIDTH} of {LAYERS} random convolutions of {WIDTH} channels, seed {SEED}"

    def __call__(self, images: Tensor) -> Tensor:
        chance, state, responses = torch.Generator().manual_seed(self.SEED), (images.float() - 0.5) / 0.25, []
        for layer in range(self.LAYERS):
            entries = state.shape[1] * 9
            kernel = torch.randn(self.WIDTH, state.shape[1], 3, 3, generator=chance) * (2 / entries) ** 0.5
            state = F.conv2d(F.avg_pool2d(state, 2, ceil_mode=True) if layer else state, kernel, padding=1).relu()
            responses.append(state.mean((2, 3)))
        return torch.cat(responses, 1)

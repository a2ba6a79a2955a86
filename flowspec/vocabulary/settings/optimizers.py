"""Optimisers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny

from flowspec.vocabulary.word import Word

Rate = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Word, role="optimizer"):
    """How parameters follow their gradients."""

    lr: Rate


class Adam(Optimizer, word="adam"):
    """Adam (Kingma & Ba 2015); weight decay is added to the gradient."""

    lr: Rate = 1e-3
    beta1: Momentum = 0.9
    beta2: Momentum = 0.999
    eps: Rate = 1e-8
    weight_decay: Decay = 0.0
    amsgrad: bool = False


class AdamW(Optimizer, word="adamw"):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    lr: Rate = 1e-3
    beta1: Momentum = 0.9
    beta2: Momentum = 0.999
    eps: Rate = 1e-8
    weight_decay: Decay = 1e-2


class Adamax(Optimizer, word="adamax"):
    """Adamax (Kingma & Ba 2015, sec. 7.1)."""

    lr: Rate = 2e-3
    beta1: Momentum = 0.9
    beta2: Momentum = 0.999
    eps: Rate = 1e-8
    weight_decay: Decay = 0.0


class SGD(Optimizer, word="sgd"):
    """Stochastic gradient descent with momentum."""

    lr: Rate = 1e-2
    momentum: Momentum = 0.0
    weight_decay: Decay = 0.0


AnyOptimizer = Annotated[SerializeAsAny[Optimizer], BeforeValidator(Optimizer.read)]

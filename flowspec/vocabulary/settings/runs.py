"""Defaults of a run: what to train on, how, and what to evaluate and sample."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny

from flowspec.vocabulary.rules import Frozen
from flowspec.vocabulary.settings.energies import AnyEnergy
from flowspec.vocabulary.settings.optimizers import Adam, AnyOptimizer
from flowspec.vocabulary.settings.schedules import AnySchedule, Constant
from flowspec.vocabulary.word import Word

Count = Annotated[int, Field(ge=1)]
Temperature = Annotated[float, Field(ge=0)]


class Source(Frozen):
    """A source of data: its name and arguments, as `flowspec.data` knows them."""

    name: str
    arguments: dict[str, Any] = {}


class Setting(Word, role="setting"):
    """Defaults of one kind of run."""


class Data(Setting, word="data"):
    """`data(digits)`: what the flow is trained and evaluated on."""

    source: Source


class PhaseOptions(Word, role="phase", word="phase"):
    """`phase decoder(lr=1e-4, epochs=100) { freeze vae }`: a stage of training, in the body of `train`.

    `epochs`, `lr` and `schedule` stand in for those of `train`. `weights` multiply terms of the bound in what is maximised, by
    the name of a term or of a part, and are 1 where nothing is said: `weights=[log_prior: 0.1, posterior: 0.1]`. A schedule
    changes a weight as it would a rate: `weights=[log_prior: warmup(epochs=100), posterior: warmup(epochs=100)]` lets the
    divergence of a variational autoencoder in slowly. `start` is the folder of a run or a checkpoint, whose tensors are taken
    over by name before the phase begins.

    In the body, `freeze` names parts of which not one bit changes: parameters, buffers, starts from data. `bypass` names parts
    that are left out, and cost nothing; they start from data in the first phase that uses them.
    """

    epochs: Count | None = None
    lr: Annotated[float, Field(gt=0)] | None = None
    schedule: AnySchedule | None = None
    weights: dict[str, Annotated[float, Field(ge=0)] | AnySchedule] = {}
    start: str | None = None


class Train(Setting, word="train"):
    """`train(optimizer=adam(lr=1e-3), batch=128, epochs=20)`.

    `steps` ends a run where `epochs` does not. `clip` bounds the gradient's norm. `average` is the decay of an exponential
    average of the parameters (Polyak), which is what is then evaluated and sampled. `patience` stops after so many epochs
    without a better validation loss, counted once the weights of terms no longer change. `flip` mirrors half of the images of a
    batch, by chance.

    `target=u1` trains without data: the flow is brought close to the density exp(-U) / Z of an energy by the reverse
    Kullback-Leibler divergence E_q[log q(x) + U(x)] of its own samples, so that sampling must be one analytic pass. An epoch
    is then `draws` samples, with as many of which the divergence is measured.
    """

    optimizer: AnyOptimizer = Adam()
    batch: Count = 128
    epochs: Count | None = None
    steps: Count | None = None
    schedule: AnySchedule = Constant()
    clip: Annotated[float, Field(gt=0)] | None = None
    average: Annotated[float, Field(gt=0, lt=1)] | None = None
    patience: Count | None = None
    flip: bool = False
    seed: int = 0
    target: AnyEnergy | None = None
    draws: Count = 20_000


class Evaluate(Setting, word="evaluate"):
    """`evaluate(samples=10)`: how many draws of its noise a bound is averaged over, in an importance-weighted bound.

    `batch` is how many rows are run at once: examples, or draws of a few examples.
    """

    samples: Count = 1
    batch: Count = 256


class Sample(Setting, word="sample"):
    """`sample(n=64, temperature=0.7)`; a table gives parts temperatures of their own: `temperature=[vae: 0.5]`."""

    n: Count = 64
    temperature: Temperature | dict[str, Temperature] = 1.0


AnySetting = Annotated[SerializeAsAny[Setting], BeforeValidator(Setting.read)]

"""The priors' modules against their declarations and torch.distributions."""

from __future__ import annotations

from math import log, prod
from typing import NamedTuple

import pytest
import torch
from torch import distributions, nn

import flowspec.vocabulary  # noqa: F401  registers the words
from flowspec.modules import module_of
from flowspec.vocabulary.networks.dense_layers import MLP
from flowspec.vocabulary.networks.structure import Chain
from flowspec.vocabulary.priors import gaussian
from flowspec.vocabulary.priors.half_gaussian import HalfGaussian
from flowspec.vocabulary.rules import Demand, Ports, Shape, State
from flowspec.vocabulary.word import Prior


class Example(NamedTuple):
    """A prior on a shape, with conditions."""

    word: Prior
    shape: Shape
    given: tuple[Shape, ...] = ()

    def __str__(self) -> str:
        return f"{self.word.model_dump()}-{'x'.join(map(str, self.shape))}-{self.given}"


VECTOR, IMAGE = (3,), (2, 3, 4)
WORDS = (
    gaussian.Gaussian(), gaussian.Gaussian(form="learned"), gaussian.Gaussian(form="learned", per="element"),
    gaussian.Mixture(components=3), gaussian.Logistic(), gaussian.Uniform(low=-1.5, high=2.0),
    HalfGaussian(), HalfGaussian(form="learned"),
)  # fmt: skip
NETWORK = gaussian.Gaussian(form="mlp([4])")
EXAMPLES = [
    *(Example(word, shape) for word in WORDS for shape in (VECTOR, IMAGE)),
    Example(NETWORK, VECTOR),
    Example(NETWORK, VECTOR, ((4,),)),
    Example(NETWORK, VECTOR, ((4,), (2,))),
    Example(gaussian.Gaussian(form="mlp([4])", spread="softplus", floor=1e-3), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", spread="log_variance", floor=0.2), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", spread="softplus_variance", floor=0.2), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", scale="scalar", floor=0.1), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", scale="channel", spread="log_variance"), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", scale="element", spread="softplus"), VECTOR, ((4,), (2,))),
    Example(gaussian.Gaussian(form="mlp([4])", scale=0.7), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", spread="softplus_variance", clamp=(0.6, 0.7)), VECTOR, ((4,),)),
    Example(gaussian.Gaussian(form="mlp([4])", clamp=(0.9, 1.1)), VECTOR, ((4,),)),
    Example(HalfGaussian(form="mlp([4])"), VECTOR, ((4,), (2,))),
]


def conditioner(demand: Demand) -> nn.Module:
    """A small network that gives what is demanded."""
    inside = Ports(input=(sum(map(prod, (demand.input, *demand.given))),), output=demand.output)
    mlp = module_of(word := MLP(hidden=(4,), activation="tanh"))(word, inside, {})
    return module_of(Chain())(Chain(), Ports(input=demand.input, given=demand.given, output=demand.output), {"mlp": mlp})


def module(example: Example) -> nn.Module:
    state = State(shape=example.shape)
    networks = {name: conditioner(demand) for name, demand in example.word.demands(state, example.given).items()}
    prior = module_of(example.word)(example.word, state, example.given, networks).double()
    for parameter in prior.parameters():
        nn.init.normal_(parameter, std=0.5)
    return prior


def conditions(example: Example, batch: int) -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(1, *shape, dtype=torch.float64).expand(batch, *shape) for shape in example.given)


def reference(example: Example, prior: nn.Module, given: tuple[torch.Tensor, ...]) -> distributions.Distribution:
    """The same distribution by torch, with the parameters of the module; all examples have the same conditions."""
    word, zeros = example.word, torch.zeros(example.shape, dtype=torch.float64)
    if isinstance(word, gaussian.Mixture):
        components = distributions.Independent(distributions.Normal(prior.mean, prior.log_sd.exp()), len(example.shape))
        return distributions.MixtureSameFamily(distributions.Categorical(logits=prior.logits), components)
    if isinstance(word, gaussian.Logistic):
        parts = [distributions.SigmoidTransform().inv]
        base = distributions.TransformedDistribution(distributions.Uniform(zeros, zeros + 1), parts)
    elif isinstance(word, gaussian.Uniform):
        base = distributions.Uniform(zeros + word.low, zeros + word.high)
    elif isinstance(word, HalfGaussian):
        log_sd = prior.form(given[0], given[1:])[0] if given else zeros if prior.log_sd is None else prior.log_sd
        base = distributions.HalfNormal(log_sd.exp() + zeros)
    elif word.form == "standard":
        base = distributions.Normal(zeros, zeros + 1)
    elif word.form == "learned":
        base = distributions.Normal(prior.mean + zeros, prior.log_sd.exp() + zeros)
    else:
        reads, *rest = given or (torch.zeros(1, 2 * example.shape[0], dtype=torch.float64),)
        raw = prior.form(reads, tuple(rest))[0]
        mean, raw_sd = raw.chunk(2) if word.scale == "network" else (raw, getattr(prior, "raw_sd", None))
        base = distributions.Normal(mean, spread(word, raw_sd).expand_as(mean))
    return distributions.Independent(base, len(example.shape))


def spread(word: gaussian.Gaussian, raw: torch.Tensor | None) -> torch.Tensor:
    """The standard deviation, as the declaration says."""
    if isinstance(word.scale, float):
        return torch.tensor(word.scale, dtype=torch.float64)
    sd = word.floor + {"log_sd": raw.exp(), "log_variance": raw.exp().sqrt(), "softplus": raw.exp().log1p(), "softplus_variance": raw.exp().log1p().sqrt()}[word.spread]
    return sd if word.clamp is None else sd.square().clamp(*word.clamp).sqrt() if "variance" in word.spread else sd.clamp(*word.clamp)


def test_a_draw_has_the_density_that_is_said_of_it() -> None:
    for example in EXAMPLES:
        prior, given = module(example), conditions(example, 6)
        z, log_p = prior.draw(6, given)
        torch.testing.assert_close(log_p, prior(z, given))


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)


def test_every_word_has_an_example() -> None:
    elsewhere = {"bernoulli", "categorical", "autoregressive"}  # tests/vae, tests/modules/test_discrete.py
    assert {example.word.word for example in EXAMPLES} | elsewhere == set(Prior.words)


@every_example
def test_parameters_are_those_declared(example: Example) -> None:
    declared = {tensor.name: tensor.shape for tensor in example.word.parameters(State(shape=example.shape))}
    found = {name: tuple(p.shape) for name, p in module(example).named_parameters() if not name.startswith("form.")}
    assert found == declared


@every_example
def test_builds_without_memory(example: Example) -> None:
    with torch.device("meta"):
        prior = module(example)
    assert all(tensor.is_meta for tensor in (*prior.parameters(), *prior.buffers()))


@every_example
def test_log_prob_is_that_of_torch(example: Example) -> None:
    prior = module(example)
    z = torch.rand(6, *example.shape, dtype=torch.float64) * 3 - 1.2  # inside the bounds of the uniform
    z = z.abs() if example.word.support == "nonnegative" else z
    given = conditions(example, 6)
    torch.testing.assert_close(prior(z, given), reference(example, prior, given).log_prob(z))


@every_example
def test_samples_have_the_moments_of_torch(example: Example) -> None:
    n = 20_000
    prior = module(example)
    given = conditions(example, n)
    draws = prior.sample(n, given).detach()
    expected = reference(example, prior, given)
    assert draws.shape == (n, *example.shape) and draws.dtype == torch.float64
    if isinstance(example.word, gaussian.Logistic):
        mean, sd = torch.zeros(example.shape).double(), torch.full(example.shape, torch.pi / 3**0.5).double()
    else:
        mean, sd = expected.mean.detach(), expected.variance.detach().sqrt()
    assert ((draws.mean(0) - mean).abs() < 5 * sd / n**0.5).all()
    assert ((draws.std(0) / sd - 1).abs() < 0.04).all()


@every_example
def test_temperature_multiplies_the_spread(example: Example) -> None:
    prior = module(example)
    if isinstance(example.word, gaussian.Uniform):
        with pytest.raises(ValueError, match="no temperature"):
            prior.sample(2, temperature=0.5)
        return
    cold, warm, hot = (_draw(prior, example, temperature) for temperature in (0.0, 1.0, torch.tensor(2.0)))
    torch.testing.assert_close(hot - cold, 2 * (warm - cold))


def _draw(prior: nn.Module, example: Example, temperature: float | torch.Tensor) -> torch.Tensor:
    torch.manual_seed(2)
    return prior.sample(5, conditions(example, 5), temperature)


@every_example
def test_compiles_in_one_graph(example: Example) -> None:
    torch._dynamo.reset()
    prior, z, given = module(example), torch.rand(4, *example.shape, dtype=torch.float64), conditions(example, 4)
    compiled = torch.compile(prior, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(z, given), prior(z, given))


@pytest.mark.parametrize("word", WORDS, ids=str)
def test_density_integrates_to_one(word: Prior) -> None:
    prior = module(Example(word, (1,)))
    z = torch.linspace(-40, 40, 160_001, dtype=torch.float64)
    assert abs(torch.trapezoid(prior(z[:, None]).exp(), z).item() - 1) < 1e-3


def test_logistic_keeps_its_digits_in_the_tails() -> None:
    prior = module(Example(gaussian.Logistic(), (1,)))
    z = torch.tensor([[-800.0], [-25.0], [0.0], [25.0], [800.0]], dtype=torch.float64, requires_grad=True)
    found = prior(z)
    tail = -25 - 2 * torch.log1p(torch.exp(torch.tensor(-25.0, dtype=torch.float64))).item()
    expected = torch.tensor([-800, tail, -2 * log(2), tail, -800], dtype=torch.float64)
    torch.testing.assert_close(found.detach(), expected, rtol=1e-15, atol=0)
    assert torch.autograd.grad(found.sum(), z)[0].isfinite().all()


def test_uniform_holds_its_bounds() -> None:
    prior = module(Example(gaussian.Uniform(low=0.0, high=2.0), (1,)))
    found = prior(torch.tensor([[-0.1], [0.0], [2.0], [2.1]], dtype=torch.float64)).exp()
    torch.testing.assert_close(found, torch.tensor([0, 0.5, 0.5, 0], dtype=torch.float64))


def test_what_priors_start_from() -> None:
    learned = module_of(word := gaussian.Gaussian(form="learned"))(word, State(shape=VECTOR), (), {})
    assert not learned.mean.any() and not learned.log_sd.any()
    mixture = module_of(word := gaussian.Mixture(components=4))(word, State(shape=VECTOR), (), {})
    assert mixture.mean.unique().numel() == 12 and not mixture.logits.any() and not mixture.log_sd.any()


def test_draws_need_as_many_conditions() -> None:
    prior = module(example := Example(NETWORK, VECTOR, ((4,),)))
    with pytest.raises(ValueError, match="3 draws need conditions for 3 examples; the conditions hold 2"):
        prior.sample(3, conditions(example, 2))

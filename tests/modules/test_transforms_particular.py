"""What is particular to a transform, beyond the laws of `test_transforms`."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.modules import module_of
from flowspec.modules.build import build
from flowspec.modules.transforms import TransformModule
from flowspec.vocabulary.maps.shifts import Affine
from flowspec.vocabulary.maps.spline import Spline
from flowspec.vocabulary.rules import State
from flowspec.vocabulary.transforms.autoregressive import Autoregressive
from flowspec.vocabulary.transforms.coupling import Coupling, Elementwise
from flowspec.vocabulary.transforms.dequantize import Dequantize, Logit
from flowspec.vocabulary.transforms.linear import Conv1x1, Linear
from flowspec.vocabulary.transforms.normalisation import ActNorm
from flowspec.vocabulary.transforms.shape import Permute, Reverse, Squeeze, Swap
from flowspec.vocabulary.word import Transform
from tests.spec_text import compiled


def made(word: Transform, *shape: int, levels: int | None = None, **networks: nn.Module) -> TransformModule:
    return module_of(word)(word, State(shape=shape, levels=levels), (), networks)


class Constant(nn.Module):
    """A conditioner that gives the same parameters, and remembers what it read."""

    def __init__(self, raw: Tensor):
        super().__init__()
        self.raw = raw

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        self.read = x
        return self.raw.expand(len(x), *self.raw.shape[1:])


# ------------------------------------------------------------------------------------------------------ starts


@pytest.mark.parametrize("shape", [(6,), (3, 4), (3, 5, 4)])
def test_actnorm_starts_with_mean_0_and_variance_1(shape: tuple[int, ...]) -> None:
    module = made(ActNorm(), *shape)
    x = 5 + 3 * torch.randn(32, *shape)
    assert module.needs_start
    module.start(x)
    y = module(x)[0].transpose(0, 1).flatten(1)
    torch.testing.assert_close(y.mean(1), torch.zeros(shape[0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.var(1, unbiased=False), torch.ones(shape[0]))
    assert not module.needs_start


def test_actnorm_starts_once_also_across_a_checkpoint() -> None:
    module, loaded = made(ActNorm(), 4), made(ActNorm(), 4)
    module.start(torch.randn(8, 4))
    loaded.load_state_dict(module.state_dict())
    for one in (module, loaded):
        before = one.bias.clone()
        one.start(9 + torch.randn(8, 4))
        assert torch.equal(one.bias, before) and not one.needs_start


def test_actnorm_shifts_a_constant_channel_only() -> None:
    module = made(ActNorm(), 2)
    module.start(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))
    torch.testing.assert_close(module.bias.data, torch.tensor([-2.0, -7.0]))
    torch.testing.assert_close(module.log_scale.data, torch.zeros(2))


def test_actnorm_that_starts_at_the_identity_waits_for_nothing() -> None:
    module = made(ActNorm(start="identity"), 3)
    x = 4 * torch.randn(5, 3)
    module.start(x)
    assert not module.needs_start and torch.equal(module(x)[0], x)


@pytest.mark.parametrize("form", ["full", "lu", "orthogonal"])
@pytest.mark.parametrize("word", [Conv1x1, Linear])
def test_linear_maps_start_where_they_say(word: type[Transform], form: str) -> None:
    shape = (7, 2, 2) if word is Conv1x1 else (7,)
    x = torch.randn(4, *shape)
    torch.testing.assert_close(made(word(form=form, start="identity"), *shape)(x)[0], x)
    module = made(word(form=form), *shape)
    torch.testing.assert_close(module.matrix() @ module.matrix().mT, torch.eye(7), rtol=0, atol=1e-5)
    assert (module.matrix() - torch.eye(7)).abs().max() > 0.1
    assert module(x)[1].abs().max() < 1e-4


def test_the_start_is_drawn_from_torchs_generator() -> None:
    matrices = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        matrices.append(made(Linear(), 5).matrix())
    assert torch.equal(matrices[0], matrices[1]) and not torch.equal(matrices[0], matrices[2])


@pytest.mark.parametrize("form", ["full", "lu", "orthogonal"])
def test_a_linear_map_trained_for_long_stays_what_it_is(form: str) -> None:
    module = made(Linear(form=form), 6)
    optimizer = torch.optim.SGD(module.parameters(), 0.05)
    x = torch.randn(64, 6)
    for _ in range(20):
        z, log_det = module(x)
        (z.pow(2).sum(1) / 2 - log_det + z.abs().sum(1)).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    if form == "orthogonal":
        torch.testing.assert_close(module.matrix() @ module.matrix().mT, torch.eye(6), rtol=0, atol=1e-5)
    if form == "lu":
        assert not module.lower.triu().any() and not module.upper.tril().any()
    torch.testing.assert_close(module.inverse(module(x)[0])[0], x, rtol=0, atol=1e-4)


# ------------------------------------------------------------------------------------------------------- parts


def test_the_parts_of_a_coupling() -> None:
    x = torch.arange(1.0, 6.0)[None]
    cases = {
        ("half", "second"): ([1, 2, 3], [1, 2, 3, 5, 6]),
        ("half", "first"): ([4, 5], [2, 3, 4, 4, 5]),
        (1, "second"): ([1], [1, 3, 4, 5, 6]),
        ("alternating", "second"): ([1, 3, 5], [1, 3, 3, 5, 5]),
        ("alternating", "first"): ([2, 4], [2, 2, 4, 4, 6]),
    }
    for (split, moves), (read, wanted) in cases.items():
        word = Coupling(map=Affine(), conditioner="net", split=split, moves=moves)
        moved = 5 - len(read)
        conditioner = Constant(torch.tensor([[1.0] * moved + [0.0] * moved]))
        z, _ = made(word, 5, conditioner=conditioner)(x)
        assert conditioner.read.tolist() == [read] and z.tolist() == [wanted], (split, moves)


@pytest.mark.parametrize("moves", ["second", "first"])
def test_the_checkerboard_moves_every_other_pixel(moves: str) -> None:
    word = Coupling(map=Affine(), conditioner="net", split="checkerboard", moves=moves)
    conditioner = Constant(torch.cat((torch.ones(1, 2, 3, 3), 0.5 * torch.ones(1, 2, 3, 3)), 1))
    x = torch.randn(4, 2, 3, 3)
    z, log_det = made(word, 2, 3, 3, conditioner=conditioner)(x)
    odd = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]]).bool()
    moved = odd if moves == "second" else ~odd
    assert not conditioner.read[..., moved].any()
    assert torch.equal(conditioner.read[..., ~moved], x[..., ~moved]) and torch.equal(z[..., ~moved], x[..., ~moved])
    torch.testing.assert_close(z[..., moved], math.exp(0.5) * x[..., moved] + 1)
    torch.testing.assert_close(log_det, torch.full((4,), 0.5 * 2 * int(moved.sum())))


def test_learned_parameters_are_one_set_per_channel() -> None:
    module = made(Elementwise(map=Affine()), 2, 3, 3)
    with torch.no_grad():
        module.raw[:, 0, 0] = torch.tensor([1.0, 2.0, 0.0, math.log(3)])
    z, log_det = module(torch.ones(4, 2, 3, 3))
    torch.testing.assert_close(z[0, :, 0, 0], torch.tensor([2.0, 5.0]))
    torch.testing.assert_close(log_det, torch.full((4,), 9 * math.log(3)))


def test_rearranging() -> None:
    x = torch.arange(5.0)[None]
    assert made(Reverse(), 5)(x)[0].tolist() == [[4, 3, 2, 1, 0]]
    assert made(Swap(), 5)(x)[0].tolist() == [[3, 4, 0, 1, 2]]
    assert made(Permute(order=(2, 0, 1, 4, 3)), 5)(x)[0].tolist() == [[2, 0, 1, 4, 3]]


def test_a_random_order_depends_on_the_seed_alone() -> None:
    torch.manual_seed(0)
    first = made(Permute(seed=1), 40).order
    torch.manual_seed(1)
    assert torch.equal(first, made(Permute(seed=1), 40).order)
    assert not torch.equal(first, made(Permute(seed=2), 40).order)
    assert first.sort().values.tolist() == list(range(40))


@pytest.mark.parametrize("order", ["channels_first", "offsets_first"])
def test_squeeze_puts_pixels_where_it_says(order: str) -> None:
    c, f = 3, 2
    x = torch.randn(1, c, 4, 6)
    z, _ = made(Squeeze(factor=f, order=order), c, 4, 6)(x)
    for channel in range(c):
        for dy in range(f):
            for dx in range(f):
                to = channel * f * f + f * dy + dx if order == "channels_first" else (f * dy + dx) * c + channel
                assert torch.equal(z[0, to], x[0, channel, dy::f, dx::f])


def test_squeeze_takes_integers() -> None:
    x = torch.randint(256, (2, 1, 4, 4), dtype=torch.uint8)
    z, log_det = made(Squeeze(), 1, 4, 4, levels=256)(x)
    assert z.dtype == torch.uint8 and log_det.dtype == torch.float32


# ------------------------------------------------------------------------------------------------- to real numbers


@pytest.mark.parametrize("levels", [2, 10, 256])
@pytest.mark.parametrize("low,high", [(0.0, 1.0), (-0.5, 0.5), (100.0, 101.0), (-1e-3, 1e-3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rounding_down_gives_the_integers_back(levels: int, low: float, high: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    module = made(Dequantize(low=low, high=high), 1000, levels=levels).to(dtype)
    x = torch.randint(levels, (200, 1000), dtype=torch.uint8)
    y, _ = module(x)
    assert y.dtype == dtype and y.min() >= low and y.max() <= high
    assert torch.equal(module.inverse(y)[0], x.to(dtype))


def test_the_ends_of_the_noise_round_down_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module = made(Dequantize(), 10, levels=10)
    x = torch.arange(10)[None]
    for end in (0.0, 1 - 2**-24):
        monkeypatch.setattr(torch, "rand_like", lambda x, end=end: torch.full_like(x, end))
        assert torch.equal(module.inverse(module(x)[0])[0], x.float())


def test_samples_beyond_the_range_go_to_the_last_level() -> None:
    module = made(Dequantize(), 3, levels=8)
    assert module.inverse(torch.tensor([[-3.0, 0.5, 7.0]]))[0].tolist() == [[0, 4, 7]]


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.05])
def test_logit_is_finite_at_the_ends(alpha: float) -> None:
    y, log_det = made(Logit(alpha=alpha), 2)(torch.tensor([[0.0, 1.0]]))
    assert y.isfinite().all() and log_det.isfinite().all()
    x, log_det = made(Logit(alpha=alpha), 2).inverse(torch.tensor([[-1e4, 1e4]]))
    assert x.isfinite().all() and log_det.isfinite().all()


# --------------------------------------------------------------------------------------------------- autoregression


class Ordered(nn.Module):
    """raw of feature i = a linear function of the features before it; `whole` leaves out the incremental way."""

    def __init__(self, features: int, width: int, *, whole: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, features, features).tril(-1) / features)
        self.whole, self.calls = whole, 0

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        self.calls += 1
        return torch.einsum("pij,bj->bpi", self.weight, x).flatten(1)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()):
        if self.whole:
            return None
        total, feature = self.weight.new_zeros(batch, *self.weight.shape[:2]), 0

        def step(x: Tensor | None) -> Tensor:
            nonlocal total, feature
            if x is not None:
                total, feature = total + x[:, None, None] * self.weight[:, :, feature], feature + 1
            return total[:, :, feature]

        return step


@pytest.mark.parametrize("map", [Affine(), Spline(bins=4)], ids=["affine", "spline"])
def test_feature_by_feature_equals_whole_passes(map: Affine | Spline) -> None:
    torch.manual_seed(0)
    word = Autoregressive(map=map, conditioner="net")
    stepwise, whole = (Ordered(5, map.width, whole=whole).double() for whole in (False, True))
    whole.load_state_dict(stepwise.state_dict())
    z = torch.randn(3, 5, dtype=torch.float64)
    x, log_det = made(word, 5, conditioner=stepwise).inverse(z)
    expected, expected_log_det = made(word, 5, conditioner=whole).inverse(z)
    torch.testing.assert_close(x, expected)
    torch.testing.assert_close(log_det, expected_log_det)
    assert (stepwise.calls, whole.calls) == (0, 5)
    back, _ = made(word, 5, conditioner=stepwise)(x)
    torch.testing.assert_close(back, z, rtol=0, atol=1e-9)


@pytest.mark.parametrize("whole", [False, True])
def test_sampling_has_gradients(whole: bool) -> None:
    torch.manual_seed(0)
    conditioner = Ordered(4, 2, whole=whole).double()
    module = made(Autoregressive(map=Affine(), conditioner="net"), 4, conditioner=conditioner)
    z = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: module.inverse(z), (z,))
    x, log_det = module.inverse(z)
    (x.sum() + log_det.sum()).backward()
    assert conditioner.weight.grad.count_nonzero() > 0


# ------------------------------------------------------------------------------------------------------ inductor


def test_a_compiled_coupling_gives_the_same() -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)
    word = Coupling(map=Affine(scale="tanh"), conditioner="net")
    module = made(word, 6, conditioner=nn.Sequential())
    module.conditioner = Network([3, 16, 6])
    x = torch.randn(8, 6)
    z, log_det = torch.compile(module, fullgraph=True)(x)
    torch.testing.assert_close((z, log_det), module(x), rtol=1e-5, atol=1e-5)


class Network(nn.Module):
    def __init__(self, widths: list[int]):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_classes_are_of_the_type_of_the_flow(dtype: torch.dtype) -> None:
    text = "flow f { input vector(4); context classes(3) >> linear(8) as label; coupling(affine, mlp([8]), given=label); prior gaussian }"
    flow = build(compiled(text), seed=0).to(dtype)
    assert flow.log_prob(torch.randn(3, 4, dtype=dtype), torch.tensor([0, 1, 2])).isfinite().all()


def test_a_flow_takes_no_examples_too() -> None:
    flow = build(compiled("flow f { input vector(5); repeat 2 { coupling(affine, mlp([8])); reverse }\nautoregressive(spline, made([8])); prior gaussian }"))
    assert flow.log_prob(torch.zeros(0, 5)).shape == (0,) and flow.sample(0).shape == (0, 5)


def test_a_logit_gives_no_density_to_what_it_is_not_defined_for() -> None:
    flow = build(compiled("flow f { input vector(2); logit(0.05); prior gaussian }"), seed=0)
    x = torch.tensor([[0.5, 0.0], [0.5, 1.0], [0.5, 1.2], [-0.2, 0.5]])
    assert flow.log_prob(x).isfinite().tolist() == [True, True, False, False]

"""Laws that every map keeps, and what is particular to each."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.modules import module_of
from flowspec.modules.maps import MapModule
from flowspec.vocabulary.maps.integral import UMNN
from flowspec.vocabulary.maps.shifts import Additive, Affine, Gate
from flowspec.vocabulary.maps.sigmoidal import DDSF, DSF
from flowspec.vocabulary.maps.spline import Spline
from flowspec.vocabulary.word import Map

MAPS = {
    "additive": Additive(),
    "affine": Affine(),
    "affine-tanh": Affine(scale="tanh", bound=1.5),
    "affine-sigmoid": Affine(scale="sigmoid"),
    "affine-softplus": Affine(scale="softplus", shift_first=True),
    "gate": Gate(),
    "spline": Spline(),
    "spline-2": Spline(bins=2, bound=1.0, min_slope=0.1),
    "spline-40": Spline(bins=40, bound=5.0, min_width=1e-2, min_height=2e-2),
    "dsf": DSF(units=4),
    "dsf-3": DSF(units=3, layers=3),
    "ddsf": DDSF(units=4),
    "ddsf-1": DDSF(units=5, layers=1),
    "ddsf-3": DDSF(units=3, layers=3),
    "umnn": UMNN(embedding=2, hidden=(6, 5), nodes=80),
}
SPLINES = [name for name in MAPS if name.startswith("spline")]
SHAPES = {"vector": (5,), "series": (3, 4), "image": (2, 3, 4)}

each_map = pytest.mark.parametrize("word", MAPS.values(), ids=MAPS)
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def drawn(word: Map, shape: tuple[int, ...], batch: int = 6) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    x = 2 * torch.randn(batch, *shape, dtype=torch.float64)
    return x, 1.5 * torch.randn(batch, word.width, *shape, dtype=torch.float64)


def made(word: Map) -> MapModule:
    """The map's module in float64, its own parameters away from where they start."""
    torch.manual_seed(1)
    module = module_of(word)(word).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.5 * torch.randn_like(parameter)
    return module


def test_every_map_has_an_example() -> None:
    assert {word.word for word in MAPS.values()} == set(Map.words)


@each_map
@each_shape
def test_the_inverse_undoes_the_map(word: Map, shape: tuple[int, ...]) -> None:
    x, raw = drawn(word, shape)
    y, log_slope = made(word)(x, raw)
    back, log_slope_back = made(word).inverse(y, raw)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-9)
    torch.testing.assert_close(log_slope_back, -log_slope, rtol=0, atol=1e-8)


@each_map
@each_shape
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_the_log_slope_is_that_of_autograd(word: Map, shape: tuple[int, ...], direction: str) -> None:
    x, raw = drawn(word, shape)
    x.requires_grad_()
    y, log_slope = getattr(made(word), direction)(x, raw)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(log_slope.expand_as(x), slope.log(), rtol=0, atol=1e-9)


@each_map
def test_gradients_are_those_of_finite_differences(word: Map) -> None:
    x, raw = drawn(word, (3,), batch=2)
    x.requires_grad_(), raw.requires_grad_()
    for direction in (made(word).forward, made(word).inverse):
        assert torch.autograd.gradcheck(direction, (x, raw), check_undefined_grad=False)


@each_map
def test_at_zero_the_map_is_the_identity(word: Map) -> None:
    x, raw = drawn(word, (5,))
    y, log_slope = module_of(word)(word).double()(x, torch.zeros_like(raw))
    offset = {MAPS["affine-sigmoid"]: 2.0, MAPS["gate"]: 1.0}.get(word)
    scale = 1.0 if offset is None else 1 / (1 + math.exp(-offset))
    torch.testing.assert_close(y, scale * x, rtol=0, atol=1e-12)
    torch.testing.assert_close(log_slope.expand_as(x), torch.full_like(x, math.log(scale)), rtol=0, atol=1e-12)


@each_map
def test_parameters_of_one_example_hold_for_a_batch(word: Map) -> None:
    x, _ = drawn(word, (2, 3, 4))
    raw = torch.randn(1, word.width, 2, 1, 1, dtype=torch.float64)
    found, expected = made(word)(x, raw), made(word)(x, raw.expand(6, -1, -1, 3, 4))
    torch.testing.assert_close(found[0], expected[0])
    torch.testing.assert_close(found[1].expand_as(x), expected[1].expand_as(x))


@each_map
def test_channels_last_gives_the_same(word: Map) -> None:
    x, raw = drawn(word, (4, 3, 5))
    last = raw.flatten(1, 2).contiguous(memory_format=torch.channels_last).unflatten(1, raw.shape[1:3])
    y, log_slope = made(word)(x.contiguous(memory_format=torch.channels_last), last)
    expected, expected_log_slope = made(word)(x, raw)
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(log_slope, expected_log_slope)


@each_map
def test_parameters_are_the_declared_ones(word: Map) -> None:
    assert {name: tuple(p.shape) for name, p in made(word).named_parameters()} == {t.name: t.shape for t in word.parameters()}


@each_map
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_types_stay_half_types(word: Map, dtype: torch.dtype) -> None:
    x, raw = drawn(word, (5,))
    y, log_slope = made(word).to(dtype)(x.to(dtype), raw.to(dtype))
    assert y.dtype == dtype and y.isfinite().all() and log_slope.isfinite().all()


@each_map
def test_the_map_is_one_graph(word: Map) -> None:
    torch._dynamo.reset()
    x, raw = drawn(word, (5,))
    module = made(word)
    iterative = word.facts().sampling == "iterative"
    for direction in (module.forward,) if iterative else (module.forward, module.inverse):
        compiled = torch.compile(direction, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x, raw), direction(x, raw))


# ------------------------------------------------------------------------------------------------------------- the spline


def knots(word: Spline, raw: Tensor) -> Tensor:
    """The knots of a raw_BP1 by the paper's formulas."""
    shares = torch.softmax(raw[:, : word.bins], 1) * (1 - word.min_width * word.bins) + word.min_width
    return 2 * word.bound * shares.cumsum(1)[:, :-1] - word.bound


@pytest.mark.parametrize("name", SPLINES)
@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [0.0, 1.0, 30.0, 1e4, -1e4])
def test_the_spline_is_finite_everywhere(name: str, direction: str, dtype: torch.dtype, size: float) -> None:
    word = MAPS[name]
    torch.manual_seed(0)
    raw = (size * torch.randn(1, word.width, 1, dtype=dtype)).expand(1, -1, 1)
    special = torch.tensor([0.0, 1.0, -1.0, 1 + 1e-7, 1 - 1e-7, 1e30, -1e30], dtype=dtype) * word.bound
    x = torch.cat((special, knots(word, raw).flatten(), torch.linspace(-1, 1, 101, dtype=dtype) * word.bound))[:, None]
    raw = raw.expand(len(x), -1, 1).clone().requires_grad_()
    x.requires_grad_()
    y, log_slope = getattr(module_of(word)(word), direction)(x, raw)
    assert y.isfinite().all() and log_slope.isfinite().all()
    for gradient in torch.autograd.grad(y.sum() + log_slope.sum(), (x, raw)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("name", SPLINES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_spline_is_exactly_the_identity_outside(name: str, dtype: torch.dtype) -> None:
    word = MAPS[name]
    x = word.bound * torch.tensor([1.0, -1.0, 1.5, -1.5, 1e30, -1e30], dtype=dtype)[:, None]
    raw = torch.randn(6, word.width, 1, dtype=dtype)
    for direction in (module_of(word)(word).forward, module_of(word)(word).inverse):
        y, log_slope = direction(x, raw)
        assert torch.equal(y, x) and not log_slope.any()


@pytest.mark.parametrize("name", SPLINES)
def test_the_spline_rises_and_its_slope_is_continuous(name: str) -> None:
    word = MAPS[name]
    torch.manual_seed(0)
    x = torch.linspace(-1.2 * word.bound, 1.2 * word.bound, 200_001, dtype=torch.float64)[:, None]
    raw = torch.randn(1, word.width, 1, dtype=torch.float64)
    y, log_slope = module_of(word)(word)(x, raw)
    assert (y.diff(dim=0) > 0).all()
    steps = log_slope.diff(dim=0).abs()
    assert steps.max() < 0.02, "the slope jumps at a knot"


def test_the_spline_goes_through_its_knots_with_its_slopes() -> None:
    word = MAPS["spline"]
    raw = torch.randn(1, word.width, 1, dtype=torch.float64)
    x = knots(word, raw)[0]
    y, log_slope = module_of(word)(word)(x, raw)
    heights_as_widths = torch.cat((raw[:, word.bins : 2 * word.bins], raw), 1)
    torch.testing.assert_close(y, knots(word, heights_as_widths)[0])
    offset = math.log(math.expm1(1 - word.min_slope))
    slopes = word.min_slope + torch.nn.functional.softplus(raw[0, 2 * word.bins :] + offset)
    torch.testing.assert_close(log_slope.exp(), slopes)


@pytest.mark.parametrize("size", [1.0, 10.0])
def test_the_spline_comes_back_in_float32(size: float) -> None:
    torch.manual_seed(0)
    word = MAPS["spline"]
    x, raw = 2 * torch.randn(2000, 1), size * torch.randn(2000, word.width, 1)
    y, _ = module_of(word)(word)(x, raw)
    back, _ = module_of(word)(word).inverse(y, raw)
    again, _ = module_of(word)(word)(back, raw)
    torch.testing.assert_close(again, y, rtol=0, atol=2e-5)

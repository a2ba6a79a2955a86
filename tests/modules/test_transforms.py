"""Laws that every transform keeps, over one or more examples of each word."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.modules import module_of
from flowspec.modules.operations import Operation
from flowspec.modules.reversal import Reversed
from flowspec.modules.transforms import TransformModule
from flowspec.vocabulary.maps.integral import UMNN
from flowspec.vocabulary.maps.shifts import Additive, Affine, Gate
from flowspec.vocabulary.maps.sigmoidal import DDSF, DSF
from flowspec.vocabulary.maps.spline import Spline
from flowspec.vocabulary.priors.half_gaussian import HalfGaussian
from flowspec.vocabulary.rules import Demand, Facts, Shape, State
from flowspec.vocabulary.transforms.autoregressive import Autoregressive
from flowspec.vocabulary.transforms.block_autoregressive import BlockAutoregressive
from flowspec.vocabulary.transforms.continuous import Continuous
from flowspec.vocabulary.transforms.coupling import Coupling, Elementwise
from flowspec.vocabulary.transforms.dequantize import Dequantize, Logit, Scale
from flowspec.vocabulary.transforms.linear import Conv1x1, Linear
from flowspec.vocabulary.transforms.normalisation import ActNorm, BatchNorm
from flowspec.vocabulary.transforms.planar import Planar, Radial
from flowspec.vocabulary.transforms.residual import Residual
from flowspec.vocabulary.transforms.rows import Fold
from flowspec.vocabulary.transforms.shape import Flatten, Merge, Permute, Reshape, Reverse, Split, Squeeze, Swap
from flowspec.vocabulary.transforms.sylvester import Sylvester
from flowspec.vocabulary.transforms.surjections import Abs, MaxPool, Shuffle, Sort
from flowspec.vocabulary.word import Transform

torch.set_num_threads(1)


class Example(NamedTuple):
    word: Transform
    x: State | tuple[State, ...]
    given: tuple[Shape, ...] = ()

    @property
    def states(self) -> tuple[State, ...]:
        return (self.x,) if isinstance(self.x, State) else self.x


def state(*shape: int, levels: int | None = None) -> State:
    return State(shape=shape, levels=levels)


VECTOR, ODD, SERIES, IMAGE = state(6), state(5), state(3, 4), state(3, 4, 4)
SPLINE = Spline(bins=5)
EXAMPLES = {
    "coupling": Example(Coupling(map=Affine(), conditioner="net"), VECTOR),
    "coupling-odd": Example(Coupling(map=Affine(scale="tanh"), conditioner="net", moves="first"), ODD, ((2,),)),
    "coupling-number": Example(Coupling(map=SPLINE, conditioner="net", split=1), ODD),
    "coupling-alternating": Example(Coupling(map=SPLINE, conditioner="net", split="alternating"), VECTOR),
    "coupling-alternating-odd": Example(Coupling(map=Affine(), conditioner="net", split="alternating", moves="first"), ODD),
    "coupling-additive": Example(Coupling(map=Additive(), conditioner="net"), VECTOR),
    "coupling-image": Example(Coupling(map=Affine(scale="sigmoid", shift_first=True), conditioner="net"), IMAGE),
    "coupling-checkerboard": Example(
        Coupling(map=Affine(), conditioner="net", split="checkerboard"), IMAGE, ((2,), (1, 4, 4))
    ),
    "coupling-checkerboard-first": Example(
        Coupling(map=SPLINE, conditioner="net", split="checkerboard", moves="first"), state(1, 3, 3)
    ),
    "coupling-checkerboard-additive": Example(Coupling(map=Additive(), conditioner="net", split="checkerboard"), IMAGE),
    "elementwise": Example(Elementwise(map=Affine(scale="softplus"), conditioner="net"), VECTOR, ((4,), (2,))),
    "elementwise-learned": Example(Elementwise(map=Affine()), VECTOR),
    "elementwise-learned-gate": Example(Elementwise(map=Gate()), VECTOR),
    "elementwise-learned-image": Example(Elementwise(map=SPLINE), IMAGE),
    "elementwise-learned-shift": Example(Elementwise(map=Additive()), IMAGE),
    "autoregressive": Example(Autoregressive(map=Affine(), conditioner="net"), ODD),
    "autoregressive-spline": Example(Autoregressive(map=SPLINE, conditioner="net"), ODD, ((2,),)),
    "coupling-checkerboard-vector": Example(Coupling(map=Affine(), conditioner="net", split="checkerboard", moves="first"), ODD),
    "batchnorm": Example(BatchNorm(), VECTOR),
    "batchnorm-image": Example(BatchNorm(eps=1e-3), IMAGE),
    "continuous": Example(Continuous(dynamics="net", tolerance=1e-12, gradient="direct"), state(2)),
    "continuous-time": Example(Continuous(dynamics="net", tolerance=1e-12, learn_time=True, gradient="direct"), state(2), ((2,),)),
    "continuous-hutchinson": Example(Continuous(dynamics="net", tolerance=1e-12, trace="hutchinson"), state(2)),
    "residual": Example(Residual(network="net"), ODD, ((2,),)),
    "residual-image": Example(Residual(network="net"), state(1, 2, 3)),
    "residual-series": Example(Residual(network="net", log_det="series"), ODD),
    "autoregressive-dsf": Example(Autoregressive(map=DSF(units=3), conditioner="net"), ODD),
    "autoregressive-ddsf": Example(Autoregressive(map=DDSF(units=3), conditioner="net"), ODD, ((2,),)),
    "coupling-umnn": Example(Coupling(map=UMNN(embedding=2, hidden=(4,), nodes=60), conditioner="net"), VECTOR),
    "elementwise-learned-dsf": Example(Elementwise(map=DSF(units=3)), IMAGE),
    "autoregressive-additive": Example(Autoregressive(map=Additive(), conditioner="net"), ODD),
    **{
        f"block_autoregressive-{name}": Example(BlockAutoregressive(**arguments), ODD)
        for name, arguments in {
            "tanh": dict(hidden=10, layers=2, slope=0.1),
            "gated": dict(hidden=10, layers=1, residual="gated"),
            "plain": dict(hidden=10, layers=3, residual="plain", activation="sigmoid"),
            "asinh": dict(hidden=5, layers=2, activation="asinh"),
            "softplus": dict(hidden=5, activation="softplus", slope=0.3),
            "elu": dict(hidden=5, activation="elu", slope=0.3),
            "leaky_relu": dict(hidden=5, layers=2, activation="leaky_relu"),
            "relu": dict(hidden=5, activation="relu", slope=0.2),
        }.items()
    },
    **{
        f"{word.word}-{name}": Example(word(conditioner=conditioner, **arguments), ODD, given)
        for conditioner, given, how in ((None, (), "learned"), ("net", ((4,), (2,)), "amortised"))
        for word, name, arguments in (
            (Planar, how, {}),
            (Radial, how, {}),
            (Sylvester, f"orthogonal-{how}", dict(width=3)),
            (Sylvester, f"householder-{how}", dict(form="householder", reflections=3)),
            (Sylvester, f"triangular-{how}", dict(form="triangular")),
            (BlockAutoregressive, how, dict(hidden=10, layers=2, residual="gated")),
        )
    },
    "autoregressive-rows": Example(Autoregressive(map=Affine(), conditioner="net", over="rows"), IMAGE),
    "autoregressive-rows-backward": Example(
        Autoregressive(map=SPLINE, conditioner="net", over="rows", backward=True), state(2, 3, 4), ((2, 3, 4), (2,))
    ),
    "fold": Example(Fold(rows=3), state(2, 12)),
    "actnorm": Example(ActNorm(), VECTOR),
    "actnorm-image": Example(ActNorm(start="identity"), IMAGE),
    **{
        f"{word.word}-{form}-{start}": Example(word(form=form, start=start), x)
        for word, x in ((Conv1x1, IMAGE), (Linear, VECTOR))
        for form in ("full", "lu", "orthogonal")
        for start in ("rotation", "identity")
    },
    "conv1x1-series": Example(Conv1x1(), SERIES),
    "dequantize": Example(Dequantize(), state(2, 3, 3, levels=256)),
    "dequantize-range": Example(Dequantize(low=-0.5, high=2.0), state(4, levels=10)),
    "logit": Example(Logit(), IMAGE),
    "logit-0": Example(Logit(alpha=0.0), VECTOR),
    "scale": Example(Scale(factor=-2.5, shift=0.5), IMAGE),
    "squeeze": Example(Squeeze(), IMAGE),
    "squeeze-offsets": Example(Squeeze(factor=3, order="offsets_first"), state(2, 6, 3)),
    "reverse": Example(Reverse(), IMAGE),
    "reverse-rows": Example(Reverse(axis="rows"), IMAGE),
    "reverse-columns": Example(Reverse(axis="columns"), state(2, 3, 4)),
    "permute": Example(Permute(seed=3), VECTOR),
    "permute-given": Example(Permute(order=(2, 0, 1)), IMAGE),
    "swap": Example(Swap(), ODD),
    "reshape": Example(Reshape(shape=(2, 24)), IMAGE),
    "flatten": Example(Flatten(), IMAGE),
    "split": Example(Split(), IMAGE),
    "split-number": Example(Split(keep=1), VECTOR),
    "merge": Example(Merge(), (IMAGE, state(1, 4, 4))),
    "abs": Example(Abs(), IMAGE),
    "sort": Example(Sort(), ODD),
    "sort-series": Example(Sort(by=2), SERIES),
    "shuffle": Example(Shuffle(), ODD),
    "shuffle-series": Example(Shuffle(), SERIES),
    "maxpool": Example(MaxPool(differences=HalfGaussian(form="learned")), IMAGE),
    "maxpool-network": Example(MaxPool(factor=3, differences=HalfGaussian(form="net")), state(2, 3, 6)),
    "merge-three": Example(Merge(), (ODD, VECTOR, state(1))),
}
each = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


class Fake(nn.Module):
    """A conditioner that keeps any demand: tanh(A [input, given]), masked if it must be ordered, or causal over rows."""

    def __init__(self, demand: Demand):
        super().__init__()
        self.shape = demand.output
        features = State(shape=demand.input).size
        size = features + sum(State(shape=shape).size for shape in demand.given)
        outputs = State(shape=demand.output).size
        self.weight = nn.Parameter(torch.randn(outputs, size) / size**0.5)
        mask = torch.ones(outputs, size)
        if demand.ordered:
            of = torch.arange(outputs) % features
            mask[:, :features] = of[:, None] > torch.arange(features)
        if demand.causal:
            (_, rows, columns), (_, *sides) = demand.input, demand.output
            assert [rows, columns] == sides
            mask[:, :features] = row(outputs, rows, columns)[:, None] >= row(features, rows, columns)
        self.register_buffer("mask", mask)
        self.contracts = demand.contracts

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        joined = torch.cat([part.flatten(1) for part in (x, *given)], 1)
        weight = self.weight * self.mask
        if self.contracts:
            weight = 0.9 * weight / torch.linalg.matrix_norm(weight.to(torch.promote_types(weight.dtype, torch.float32)), 2).to(weight.dtype)
        return torch.tanh(joined @ weight.mT).unflatten(1, self.shape)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> None:
        return None

    def by_rows(self, given: tuple[Tensor, ...] = ()) -> None:
        return None


def row(count: int, rows: int, columns: int) -> Tensor:
    """The row of each entry of a flattened image."""
    return torch.arange(count) // columns % rows


def demands_of(example: Example) -> dict[str, Demand]:
    if isinstance(example.word, Merge):
        return {}
    return example.word.asks(example.x, {"": example.given})


def facts_of(example: Example) -> Facts:
    return example.word.facts(example.states[0])


def made(example: Example, seed: int = 0) -> TransformModule:
    torch.manual_seed(seed)
    networks = {name: Fake(demand) for name, demand in demands_of(example).items()}
    if example.word.holds:
        return module_of(example.word)(example.word, example.x, example.given, networks, ()).eval()
    return module_of(example.word)(example.word, example.x, example.given, networks).eval()


def moved_off(module: TransformModule) -> TransformModule:
    """The module in float64 with every parameter away from where it starts."""
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return module


def drawn(example: Example, batch: int = 4) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    def one(x: State) -> Tensor:
        if x.levels:
            return torch.randint(x.levels, (batch, *x.shape)).double()
        if isinstance(example.word, Logit):
            return torch.rand(batch, *x.shape, dtype=torch.float64)
        return 2 * torch.randn(batch, *x.shape, dtype=torch.float64)

    given = tuple(torch.randn(batch, *shape, dtype=torch.float64) for shape in example.given)
    return tuple(one(x) for x in example.states), given


def run(direction, x: tuple[Tensor, ...], given: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
    """A direction with its tensors in tuples, and the same noise each time."""
    torch.manual_seed(7)
    z, log_det = direction(x[0] if len(x) == 1 else x, given)
    return (z,) if isinstance(z, Tensor) else tuple(z), log_det


def test_every_transform_has_an_example() -> None:
    stochastic = {"augment", "encode"}  # they add or change dimensions by chance: tests/denseflow, tests/vae
    assert {example.word.word for example in EXAMPLES.values()} | stochastic == set(Transform.words)


@each
def test_the_inverse_undoes_the_transform(example: Example) -> None:
    """Where the way back draws, from z over x to z."""
    if facts_of(example).kind == "stochastic":
        pytest.skip("draws both ways")
    module = moved_off(made(example))
    x, given = drawn(example)
    z, log_det = run(module.forward, x, given)
    back, log_det_back = run(module.inverse, z, given)
    if facts_of(example).sampling_draws:
        x = z
        back, log_det = run(module.forward, back, given)
    for found, wanted in zip(back, x, strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-9)
    assert log_det.shape == log_det_back.shape == (4,)
    torch.testing.assert_close(log_det_back, -log_det, rtol=0, atol=1e-8)


@each
def test_a_transform_keeps_the_shape_if_it_says_so(example: Example) -> None:
    if example.word.keeps_shape:
        assert [z.shape for z in example.word.outputs(example.x)] == [example.x.shape]


@each
def test_the_states_that_leave_are_the_declared_ones(example: Example) -> None:
    if isinstance(example.word, Merge):
        pytest.skip("the declaration of `merge` is read by the elaborator")
    x, given = drawn(example)
    z, _ = run(made(example).double().forward, x, given)
    assert [tuple(part.shape[1:]) for part in z] == [part.shape for part in example.word.outputs(example.x)]


@each
@pytest.mark.parametrize("backwards", [False, True], ids=["forward", "inverse"])
def test_the_log_det_is_that_of_autograd(example: Example, backwards: bool) -> None:
    if facts_of(example).kind != "bijection" and (backwards or not isinstance(example.word, Dequantize)):
        pytest.skip("what it contributes is no log-det: tests/modules/test_surjections.py")
    if facts_of(example).log_det == "estimate":
        pytest.skip("an estimate: below")
    module = moved_off(made(example))
    x, given = drawn(example, batch=2)
    direction = module.forward
    if backwards:
        x, direction = run(direction, x, given)[0], module.inverse
    _, log_det = run(direction, x, given)
    for i in range(2):
        parts = [part[i : i + 1] for part in x]

        def flat(values: Tensor, parts=parts, i=i) -> Tensor:
            pieces = values.split([part.numel() for part in parts])
            shaped = tuple(piece.view_as(part) for piece, part in zip(pieces, parts, strict=True))
            z, _ = run(direction, shaped, tuple(value[i : i + 1] for value in given))
            return torch.cat([part.flatten() for part in z])

        torch.manual_seed(7)
        jacobian = torch.autograd.functional.jacobian(flat, torch.cat([part.flatten() for part in parts]))
        torch.testing.assert_close(log_det[i], torch.linalg.slogdet(jacobian).logabsdet, rtol=0, atol=1e-9)


@each
def test_parameters_are_the_declared_ones(example: Example) -> None:
    module = made(example)
    networks = tuple(f"{name}." for name in demands_of(example))
    found = {name: tuple(p.shape) for name, p in module.named_parameters() if not name.startswith(networks)}
    assert found == {tensor.name: tensor.shape for tensor in example.word.parameters(example.x)}
    own = {name.split(".")[0] for name in found}
    assert {name for name, _ in module.named_children()} - {"map"} - own == {name.split(".")[0] for name in networks}


@each
def test_gradients_reach_the_live_entries_only(example: Example) -> None:
    if not example.word.parameters(example.x) or isinstance(example.word, BlockAutoregressive):
        pytest.skip("no parameters, or rows of one entry, whose norm is divided out: tests/bnaf")
    module = moved_off(made(example))
    x, given = drawn(example, batch=64)
    z, log_det = run(module.forward, x, given)
    (sum((part * torch.randn_like(part)).sum() for part in z) + log_det.sum()).backward()
    for tensor in example.word.parameters(example.x):
        gradient = module.get_parameter(tensor.name).grad
        assert (0 if gradient is None else int(gradient.count_nonzero())) == tensor.live, tensor.name


@each
def test_the_volume_is_the_declared_one(example: Example) -> None:
    if isinstance(example.word, Merge):
        volume = "zero"
    else:
        volume = example.word.facts(example.x).volume
    module = moved_off(made(example))
    log_dets = torch.cat([run(module.forward, *drawn(example))[1] for _ in range(2)])
    if volume == "zero":
        assert log_dets.abs().max() < 1e-12
    else:
        assert (log_dets.std() < 1e-12) == (volume == "constant")


@each
def test_gradients_from_what_leaves_are_the_ordinary_ones(example: Example) -> None:
    """As reversible training takes them."""
    facts = facts_of(example)
    if facts.kind != "bijection" or facts.sampling != "analytic":
        pytest.skip("is not reversed")
    module = moved_off(made(example)).train(not example.word.by_batch)
    x, given = drawn(example)
    ways = range(len(run(module, x, given)[0]))
    alone = Operation(
        "step", module, tuple(range(len(x))), tuple(10 + i for i in ways), tuple(range(20, 20 + len(given))), ends=False, inverted=False,
        state=example.states[0], terms=("log_det",),
    )  # fmt: skip
    entering = [value.requires_grad_() for value in (*x, *given)]

    def gradients(direction) -> tuple[Tensor | None, ...]:
        z, log_det = run(direction, tuple(entering[: len(x)]), tuple(entering[len(x) :]))
        loss = sum((part * part.detach().cos()).sum() for part in z) + (log_det * torch.arange(4)).sum()
        return torch.autograd.grad(loss, [*entering, *module.parameters()], allow_unused=True, materialize_grads=True)

    for found, wanted in zip(gradients(Reversed([alone])), gradients(module), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


@each
def test_a_batch_may_be_empty(example: Example) -> None:
    if isinstance(example.word, Squeeze | MaxPool | Continuous):
        pytest.skip("torch's pixel_unshuffle leaves an empty batch as it is, and a solver finds no step for one")
    module = made(example).double()
    x, given = drawn(example, batch=0)
    z, log_det = run(module.forward, x, given)
    back, log_det_back = run(module.inverse, z, given)
    assert log_det.shape == log_det_back.shape == (0,)
    assert [part.shape for part in back] == [part.shape for part in x]


@each
def test_it_is_made_without_memory(example: Example) -> None:
    with torch.device("meta"):
        module = made(example)
    assert all(tensor.is_meta for tensor in module.state_dict().values())
    on_cpu = made(example).state_dict()
    assert {name: t.shape for name, t in module.state_dict().items()} == {name: t.shape for name, t in on_cpu.items()}


@each
def test_integers_and_half_types_have_a_float32_log_det(example: Example) -> None:
    module = made(example).to(torch.bfloat16)
    x, given = drawn(example)
    z, log_det = run(module.forward, tuple(p.bfloat16() for p in x), tuple(p.bfloat16() for p in given))
    _, log_det_back = run(module.inverse, z, tuple(p.bfloat16() for p in given))
    assert log_det.dtype == log_det_back.dtype == torch.float32
    assert all(part.dtype == torch.bfloat16 and part.isfinite().all() for part in z)


@each
def test_both_directions_are_one_graph(example: Example) -> None:
    torch._dynamo.reset()
    module = moved_off(made(example))
    x, given = drawn(example)
    z, _ = run(module.forward, x, given)
    facts = facts_of(example)
    ways = {module.forward: (x, facts.density), module.inverse: (z, facts.sampling)}
    for direction, values in ((way, values) for way, (values, mode) in ways.items() if mode != "iterative"):
        compiled = torch.compile(direction, fullgraph=True, backend="eager")
        torch.testing.assert_close(run(compiled, values, given), run(direction, values, given))


@each
def test_channels_last_gives_the_same(example: Example) -> None:
    if any(len(x.shape) != 3 for x in example.states) or isinstance(example.word, Dequantize):
        pytest.skip("not an image, or noise that is laid out as the image is")
    module = moved_off(made(example))
    x, given = drawn(example)
    last = tuple(part.contiguous(memory_format=torch.channels_last) for part in x)
    torch.testing.assert_close(run(module.forward, last, given), run(module.forward, x, given))
    z, _ = run(module.forward, x, given)
    last = tuple(part.contiguous(memory_format=torch.channels_last) if part.dim() == 4 else part for part in z)
    torch.testing.assert_close(run(module.inverse, last, given), run(module.inverse, z, given))


ESTIMATES = {
    "hutchinson": Example(Continuous(dynamics="net", tolerance=1e-4, trace="hutchinson"), ODD),
    "series": Example(Residual(network="net", log_det="series", least=2), ODD),
}


@pytest.mark.parametrize("example", ESTIMATES.values(), ids=ESTIMATES)
def test_an_estimate_of_the_log_det_has_the_right_mean(example: Example) -> None:
    """Over draws at one point, against the Jacobian of autograd."""
    module, (x,) = moved_off(made(example)), drawn(example, batch=1)[0]
    torch.manual_seed(1)
    with torch.no_grad():
        found = torch.stack([module(x.expand(20, -1))[1].mean() for _ in range(60)])
    jacobian = torch.autograd.functional.jacobian(lambda x: module(x)[0], x)[0, :, 0]
    error = found.mean() - torch.linalg.slogdet(jacobian).logabsdet
    assert found.std() > 1e-3 and abs(error) < 4 * found.std() / 60**0.5

"""The networks' modules against their declarations: laws over every word, then particulars."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import flowspec.vocabulary  # noqa: F401  registers the words
from flowspec.modules import module_of
from flowspec.modules.networks.structure import joined
from flowspec.vocabulary.networks import attention, concat_squash, convolution, dense_layers, gating, images, pointwise, recurrent, resampling, structure, wavenet
from flowspec.vocabulary.networks.structure import with_conditions
from flowspec.vocabulary.rules import Fault, Ports, Shape
from flowspec.vocabulary.word import NetworkWord


class Example(NamedTuple):
    """A word on an input; `wanted` is the output asked of it, `body` what a combinator holds."""

    word: NetworkWord
    input: Shape
    wanted: Shape | None = None
    given: tuple[Shape, ...] = ()
    body: tuple[NetworkWord, ...] = ()

    def __str__(self) -> str:
        return f"{self.word.word}-{'x'.join(map(str, self.input))}-{self.wanted}-{self.given}-{self.word.model_dump()}"


VECTOR, SERIES, IMAGE = (5,), (2, 6), (3, 6, 7)
POINTWISE = (
    pointwise.ReLU(), pointwise.LeakyReLU(slope=0.3), pointwise.Tanh(), pointwise.Sigmoid(), pointwise.Softplus(), pointwise.ELU(),
    pointwise.GELU(), pointwise.SiLU(), pointwise.Dropout(rate=0.25), pointwise.ActNorm(), pointwise.ActNorm(start="identity"),
    pointwise.BatchNorm(), pointwise.LayerNorm(), pointwise.Scale(factor=2.0, shift=-1.0),
)  # fmt: skip
CONVS = (convolution.Conv(kernel=3, channels=4), pointwise.SiLU(), convolution.ZeroConv())
EXAMPLES = [
    *(Example(word, shape) for word in POINTWISE for shape in (VECTOR, IMAGE)),
    Example(convolution.Conv(kernel=3, channels=4), IMAGE),
    Example(convolution.Conv(kernel=3, stride=2, dilation=2, bias=False), IMAGE, (4, 3, 4)),
    Example(convolution.Conv(kernel=5, stride=3, start="normal"), IMAGE, (4, 2, 3)),
    Example(convolution.Conv(kernel=2, stride=2, expand=2), (3, 6, 8)),
    Example(convolution.Conv(kernel=4, channels=4, stride=2), (3, 6, 8)),
    Example(images.UpConv(channels=4), IMAGE),
    Example(images.UpConv(kernel=4, bias=False), IMAGE, (2, 12, 14)),
    Example(images.UpConv(kernel=(3, 2), channels=2, stride=(3, 2)), (3, 1, 1)),
    Example(images.UpConv(kernel=5, channels=2, stride=3), (3, 2, 3)),
    Example(images.UpConv(kernel=4, channels=2, start="he"), IMAGE),
    Example(images.Mean(), IMAGE),
    Example(images.Reshape(shape=(6, 3, 7)), IMAGE),
    Example(images.Reshape(), (12,), (3, 2, 2)),
    Example(images.Sum(), IMAGE, body=(pointwise.Tanh(), convolution.Conv(kernel=3, channels=3, start="normal"))),
    Example(convolution.Conv(kernel=1, channels=4, weight_norm=True), IMAGE),
    Example(convolution.Conv(kernel=3, channels=4, bias=False, start="normal", weight_norm="kept"), IMAGE),
    Example(convolution.Conv(kernel=3, channels=4, start="he"), IMAGE),
    Example(convolution.ZeroConv(), IMAGE, (4, 6, 7)),
    Example(convolution.ZeroConv(kernel=1, start="small"), IMAGE, (4, 6, 7)),
    Example(wavenet.WaveNet(width=4, layers=3), IMAGE),
    Example(wavenet.WaveNet(width=4, layers=2), IMAGE, given=((2, 6, 7),)),
    Example(wavenet.WaveNet(width=3, layers=2, kernel=5), IMAGE, given=((2,), (1, 6, 7))),
    Example(wavenet.WaveNet(width=4, layers=1, kernel=1), IMAGE),
    Example(resampling.Upsample(factor=4), SERIES),
    Example(resampling.Upsample(factor=3, slope=0.1), SERIES),
    Example(resampling.Crop(length=5), SERIES),
    Example(resampling.Fold(rows=3), SERIES),
    *(Example(word, shape) for word in (gating.GLU(), gating.GatedTanh()) for shape in ((6,), (4, 6, 7))),
    *(Example(gating.GatedSum(), shape) for shape in ((6,), (3, 6, 7))),
    Example(attention.Nystrom(width=5, landmarks=3), IMAGE),
    Example(attention.Nystrom(width=5, landmarks=6, tokens="reshaped"), IMAGE),
    Example(convolution.ZeroConv(kernel=1, channels=2), IMAGE),
    Example(dense_layers.Linear(features=4), VECTOR),
    Example(dense_layers.Linear(bias=False, start="zero"), VECTOR, (3,)),
    Example(dense_layers.Linear(features=4, weight_norm=True), VECTOR),
    Example(dense_layers.Linear(features=4, start="he"), VECTOR),
    Example(dense_layers.MLP(hidden=(7, 6), activation="tanh"), VECTOR, (3,)),
    Example(dense_layers.MLP(hidden=(7, 6), activation="elu", lipschitz=0.4), VECTOR, (3,)),
    Example(concat_squash.ConcatSquash(hidden=(7, 6), activation="softplus"), VECTOR, (3,), given=((1,), (2,))),
    Example(dense_layers.MLP(hidden=(), features=4, start="zero"), VECTOR),
    Example(dense_layers.MADE(hidden=(9, 8), activation="tanh"), VECTOR, (15,)),
    Example(dense_layers.MADE(hidden=(3,), activation="silu"), VECTOR, (10,), given=((2,), (1, 2, 2))),
    Example(dense_layers.MADE(hidden=(), activation="relu"), VECTOR, (10,), given=((2,),)),
    Example(dense_layers.MADE(hidden=(4, 4, 4), activation="elu"), (1,), (2,), given=((2,),)),
    Example(dense_layers.MADE(hidden=(9, 8), activation="elu", conditions="added"), VECTOR, (10,), given=((9,),)),
    Example(dense_layers.MADE(hidden=(6,), activation="elu", head=4), VECTOR, (15,), given=((2,),)),
    Example(dense_layers.MADE(hidden=(7, 6), activation="elu", conditions="weights"), VECTOR, (10,), given=((1,), (2,))),
    Example(dense_layers.MADE(hidden=(9,), conditions="weights", activation="tanh", head=2), VECTOR, (15,), given=((2,),)),
    Example(dense_layers.Flatten(), IMAGE),
    Example(dense_layers.Flatten(), VECTOR),
    Example(structure.Chain(), IMAGE, (6, 6, 7), body=CONVS),
    Example(structure.Chain(), IMAGE, (6, 6, 7), given=((2,), (1, 6, 7)), body=CONVS),
    Example(recurrent.Recurrent(hidden=6), VECTOR, (10,)),
    Example(recurrent.Recurrent(hidden=4, head=(7, 3)), VECTOR, (15,), given=((2,), (1, 2, 2))),
    Example(structure.Chain(), VECTOR, (10,), given=((2,),), body=(dense_layers.MADE(hidden=(8,), activation="tanh"),)),
    Example(structure.Residual(), IMAGE, body=(pointwise.Tanh(), convolution.Conv(kernel=3, start="normal"))),
    Example(structure.Dense(), IMAGE, (5, 6, 7), body=CONVS),
    Example(structure.Parallel(), IMAGE, body=(convolution.Conv(kernel=1, channels=2), pointwise.Tanh())),
]
MADES = [example for example in EXAMPLES if isinstance(example.word, dense_layers.MADE)]
IN_TURN = [*MADES, *(example for example in EXAMPLES if isinstance(example.word, recurrent.Recurrent))]


def ports_of(example: Example) -> tuple[Ports, tuple[Ports, ...]]:
    """The shapes of an example and of its body, by the declarations' rules."""
    word, input, wanted, given, body = example
    if word.joins and given:
        input, given = with_conditions(input, given), ()
    if word.body is None:
        return Ports(input=input, given=given, output=word.output(input, wanted)), ()
    inner, reads, conditions = [], input, given
    for i, child in enumerate(body):
        want = word.inside(input, wanted) if i == len(body) - 1 else None
        inner.append(ports_of(Example(child, reads, want, conditions))[0])
        if word.body == "sequence":
            reads, conditions = inner[-1].output, ()
    return Ports(input=input, given=given, output=word.gather(input, tuple(ports.output for ports in inner))), tuple(inner)


def module(example: Example, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The module of an example, its body's children named child1, child2, …"""
    ports, inner = ports_of(example)
    children = {f"child{i + 1}": module_of(w)(w, p, {}) for i, (w, p) in enumerate(zip(example.body, inner))}
    return module_of(example.word)(example.word, ports, children).to(dtype)


def run(net: nn.Module, example: Example, *tensors: torch.Tensor) -> torch.Tensor:
    return net(tensors[0], tensors[1:]) if not example.word.joins else net(tensors[0])


def tensors(example: Example, batch: int = 4) -> list[torch.Tensor]:
    ports, _ = ports_of(example)
    return [torch.randn(batch, *shape, dtype=torch.float64) for shape in (ports.input, *ports.given)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)
every_made = pytest.mark.parametrize("example", MADES, ids=str)


# ------------------------------------------------------------------------------------------------------------------- laws


def test_every_word_has_an_example() -> None:
    in_whole_flows = {"share", "modulate"}  # test_sharing.py
    assert {example.word.word for example in EXAMPLES} | in_whole_flows == set(NetworkWord.words)


@every_example
def test_parameters_are_those_declared(example: Example) -> None:
    ports, inner = ports_of(example)
    declared = {tensor.name: tensor.shape for tensor in example.word.parameters(ports)}
    for i, (word, child) in enumerate(zip(example.body, inner)):
        declared |= {f"child{i + 1}.{tensor.name}": tensor.shape for tensor in word.parameters(child)}
    assert {name: tuple(p.shape) for name, p in module(example).named_parameters()} == declared


@every_example
def test_output_has_the_declared_shape(example: Example) -> None:
    assert run(module(example), example, *tensors(example)).shape == (4, *ports_of(example)[0].output)


@every_example
def test_builds_without_memory(example: Example) -> None:
    with torch.device("meta"):
        net = module(example)
    assert all(tensor.is_meta for tensor in (*net.parameters(), *net.buffers()))


@every_example
def test_compiles_in_one_graph(example: Example) -> None:
    torch._dynamo.reset()
    net, given = module(example).eval(), tensors(example)
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    torch.testing.assert_close(run(compiled, example, *given), run(net, example, *given))


@every_example
def test_multiply_adds_are_those_declared(example: Example) -> None:
    if example.body:
        pytest.skip("a combinator does no arithmetic that counts")
    net, given = module(example), tensors(example, batch=2)
    with FlopCounterMode(display=False) as counter:
        run(net, example, *given)
    assert counter.get_total_flops() == 2 * 2 * example.word.multiply_adds(ports_of(example)[0])


@every_example
def test_takes_conditions_itself_unless_it_joins(example: Example) -> None:
    assert getattr(module(example), "takes_given", False) is not example.word.joins


def jacobian(example: Example) -> torch.Tensor:
    """|d output / d input| of one example, flattened, batch normalisation at its running statistics."""
    net, (x, *given) = module(example).eval(), tensors(example, batch=1)
    matrix = torch.autograd.functional.jacobian(lambda x: run(net, example, x, *given), x)
    return matrix.abs().reshape(-1, x.numel())


@every_example
def test_depends_on_no_more_than_it_says(example: Example) -> None:
    found = jacobian(example)
    features = found.shape[1]
    if example.word.ordered() is True:
        found = found.view(-1, features, features)
        assert found.triu().max() == 0
    elif example.word.ordered() is None:
        assert (found - found.diag().diag()).abs().max() == 0


@every_example
def test_it_is_no_steeper_than_its_lipschitz_constant(example: Example) -> None:
    constant = example.word.lipschitz_constant(tuple(word.lipschitz_constant(()) for word in example.body))
    if constant is None:
        pytest.skip("none is known")
    net, (x, *given) = module(example).eval(), tensors(example, batch=1)
    for parameter in net.parameters():
        parameter.data *= 3
    matrix = torch.autograd.functional.jacobian(lambda x: run(net, example, x, *given), x).reshape(-1, x.numel())
    assert torch.linalg.matrix_norm(matrix, 2) <= constant + 1e-9


@every_example
def test_rows_depend_on_no_rows_below_if_it_says_so(example: Example) -> None:
    if len(example.input) != 3 or example.body or not example.word.causal():
        pytest.skip("not over rows, or not causal")
    net, (x, *given) = module(example).eval(), tensors(example, batch=1)
    found = torch.autograd.functional.jacobian(lambda x: run(net, example, x, *given), x).abs().sum((0, 1, 3, 4, 5, 7))
    assert not found.triu(1).any()


def test_keeps_channels_last() -> None:
    for example in EXAMPLES:
        if len(example.input) == 3 and isinstance(example.word, convolution.Conv | convolution.ZeroConv):
            net = module(example).to(memory_format=torch.channels_last)
            x = torch.randn(4, *example.input, dtype=torch.float64).to(memory_format=torch.channels_last)
            assert net(x).is_contiguous(memory_format=torch.channels_last)


# ------------------------------------------------------------------------------------------------------------------- made


@every_made
def test_made_masks_hold_the_declared_number_of_entries(example: Example) -> None:
    net, declared = module(example), example.word.live(ports_of(example)[0])
    assert tuple(int(layer.mask.sum()) for layer in net.layers) == declared
    assert all(not layer.weight[layer.mask == 0].any() for layer in net.layers)


def test_made_output_depends_on_every_input_before() -> None:
    found = jacobian(MADES[0]).view(-1, 5, 5)
    below = torch.ones(5, 5, dtype=torch.bool).tril(-1)
    assert found.shape[0] == 3 and (found[:, below] > 0).all()


def test_made_stays_ordered_whatever_a_checkpoint_holds() -> None:
    example = MADES[0]
    net, (x,) = module(example), tensors(example, batch=1)
    net.load_state_dict({name: torch.randn_like(value) for name, value in net.state_dict().items()})
    found = torch.autograd.functional.jacobian(net, x).reshape(-1, 5, 5)
    assert found.triu().abs().max() == 0


@every_made
def test_made_outputs_depend_on_the_conditions(example: Example) -> None:
    net, (x, *given) = module(example), tensors(example, batch=1)
    if not given:
        pytest.skip("no conditions")
    found = torch.autograd.functional.jacobian(lambda c: net(x, (c, *given[1:])), given[0]).abs().sum((0, 2, 3))
    assert found.gt(0).all()


def step_through(net: nn.Module, x: torch.Tensor, given: tuple[torch.Tensor, ...]) -> torch.Tensor:
    step = net.incremental(len(x), given)
    steps = [step(None), *(step(x[:, i]) for i in range(x.shape[1] - 1))]
    return torch.stack(steps, 2).flatten(1)


@pytest.mark.parametrize("example", IN_TURN, ids=str)
@pytest.mark.parametrize("grad", [False, True])
def test_feature_by_feature_is_the_full_pass(example: Example, grad: bool) -> None:
    net, (x, *given) = module(example), tensors(example)
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight)
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(step_through(net, x, tuple(given)), net(x, tuple(given)))


@pytest.mark.parametrize("activation", dense_layers.Activation.__args__)
def test_made_feature_by_feature_has_the_full_pass_gradients(activation: str) -> None:
    example = Example(dense_layers.MADE(hidden=(9, 3, 7), activation=activation), (4,), (8,), given=((2,),))
    net, (x, *given) = module(example), tensors(example)
    x.requires_grad_()
    wanted = torch.autograd.grad(net(x, tuple(given)).pow(2).sum(), [x, *net.parameters()])
    found = torch.autograd.grad(step_through(net, x, tuple(given)).pow(2).sum(), [x, *net.parameters()])
    torch.testing.assert_close(found, wanted)


def test_made_feature_by_feature_costs_less_than_one_pass_of_the_unmasked_net() -> None:
    example = Example(dense_layers.MADE(hidden=(32, 32)), (8,), (16,))
    net, (x,) = module(example), tensors(example, batch=2)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        step_through(net, x, ())
    assert counter.get_total_flops() == 2 * 2 * sum(example.word.live(ports_of(example)[0]))


# --------------------------------------------------------------------------------------------------------- chains, joining


def chain(*children: tuple[str, nn.Module], given: tuple[Shape, ...] = ()) -> nn.Module:
    return module_of(structure.Chain())(structure.Chain(), Ports(input=VECTOR, given=given, output=VECTOR), dict(children))


def test_a_chain_of_one_made_goes_feature_by_feature() -> None:
    made, tanh = module(MADES[1]), module(Example(pointwise.Tanh(), VECTOR))
    x, *given = tensors(MADES[1])
    nested = chain(("inner", chain(("made", made))))
    torch.testing.assert_close(step_through(nested, x, tuple(given)), nested(x, tuple(given)))
    assert chain(("made", made), ("tanh", tanh)).incremental(4, tuple(given)) is None
    assert chain(("tanh", tanh)).incremental(4) is None


def test_a_chain_hands_conditions_to_its_first_piece_alone() -> None:
    mlp = module(Example(dense_layers.MLP(hidden=(4,)), (7,), (5,)))
    tanh = module(Example(pointwise.Tanh(), VECTOR))
    x, condition = torch.randn(4, 5, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)
    nested = chain(("inner", chain(("mlp", mlp), given=((2,),))), ("tanh", tanh), given=((2,),))
    torch.testing.assert_close(nested(x, (condition,)), mlp(torch.cat((x, condition), 1)).tanh())


@pytest.mark.parametrize("name", ["half", "train", "forward", "takes_given", "_modules"])
def test_a_net_may_be_called_anything(name: str) -> None:
    net = chain((name, module(Example(dense_layers.Linear(features=5), VECTOR))))
    assert list(net.state_dict()) == [f"{name}.weight", f"{name}.bias"]
    net.load_state_dict(net.state_dict())
    x = torch.randn(2, 5, dtype=torch.float64)
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(net, fullgraph=True, backend="eager")(x), net(x))


@pytest.mark.parametrize("input", [(3,), (3, 4), (3, 4, 5)])
@pytest.mark.parametrize("given", [(), ((2,),), ((2, 4, 5),), ((2,), (1, 4, 5))], ids=str)
def test_joining_has_the_declared_shape(input: Shape, given: tuple[Shape, ...]) -> None:
    try:
        expected = with_conditions(input, given)
    except Fault:
        pytest.skip("cannot be joined")
    x, *conditions = (torch.randn(2, *shape) for shape in (input, *given))
    assert joined(x, tuple(conditions)).shape == (2, *expected)


def test_a_vector_is_repeated_at_every_position() -> None:
    x, vector, image = torch.randn(2, 3, 4, 5), torch.randn(2, 2), torch.randn(2, 1, 4, 5)
    y = joined(x, (vector, image))
    assert torch.equal(y[:, :3], x) and torch.equal(y[:, 5:], image)
    assert torch.equal(y[:, 3:5], vector[:, :, None, None].expand(2, 2, 4, 5))


# ------------------------------------------------------------------------------------------------------------ starting, norms


def test_what_starts_at_zero_gives_zero() -> None:
    words = (convolution.Conv(kernel=3, channels=2, start="zero"), convolution.ZeroConv(channels=2))
    assert all(module(Example(word, IMAGE))(tensors(Example(word, IMAGE))[0]).eq(0).all() for word in words)
    words = (dense_layers.Linear(features=2, start="zero"), dense_layers.MLP(hidden=(4,), features=2, start="zero"))
    assert all(module(Example(word, VECTOR))(tensors(Example(word, VECTOR))[0]).eq(0).all() for word in words)


def test_normal_start() -> None:
    net = module(Example(convolution.Conv(kernel=3, channels=64, start="normal"), (32, 4, 4)))
    assert abs(net.weight.std().item() - 0.05) < 0.001 and not net.bias.any()


def test_zeroconv_scales_by_exp_of_three_times_its_log_scale() -> None:
    net = module(Example(convolution.ZeroConv(channels=2), IMAGE))
    nn.init.normal_(net.bias), nn.init.constant_(net.log_scale, 0.5)
    y = net(tensors(Example(convolution.ZeroConv(channels=2), IMAGE))[0])
    torch.testing.assert_close(y, (net.bias * torch.tensor(1.5).exp())[:, None, None].expand_as(y))


@pytest.mark.parametrize("shape", [VECTOR, IMAGE], ids=str)
def test_actnorm_starts_from_data_once(shape: Shape) -> None:
    net, x = module(Example(pointwise.ActNorm(), shape)), 3 * torch.randn(50, *shape, dtype=torch.float64) + 2
    x[:, 1] = 7.0
    assert net.needs_start and "started" in net.state_dict()
    net.start(x)
    var, mean = torch.var_mean(net(x).transpose(0, 1).flatten(1), 1, correction=0)
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-9, rtol=0)
    expected = torch.ones_like(var)
    expected[1] = 0  # a constant channel is only shifted
    torch.testing.assert_close(var, expected)
    before = net.bias.clone()
    net.start(x + 1)
    assert not net.needs_start and torch.equal(net.bias, before)


def test_actnorm_that_starts_at_the_identity_stays_there() -> None:
    net = module(Example(pointwise.ActNorm(start="identity"), VECTOR))
    net.start(x := tensors(Example(pointwise.ActNorm(), VECTOR))[0])
    assert not net.needs_start and torch.equal(net(x), x)


def test_norms_normalise() -> None:
    x = 3 * torch.randn(8, *IMAGE, dtype=torch.float64) + 2
    y = module(Example(pointwise.LayerNorm(), IMAGE))(x)
    torch.testing.assert_close(y.mean(1), torch.zeros_like(y[:, 0]), atol=1e-9, rtol=0)
    y = module(Example(pointwise.BatchNorm(), IMAGE))(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3).to(y), atol=1e-9, rtol=0)
    assert set(module(Example(pointwise.BatchNorm(), IMAGE)).state_dict()) == set(nn.BatchNorm2d(3).state_dict())


@pytest.mark.parametrize("word, shape", [
    (convolution.Conv(kernel=3, channels=64, start="he"), (16, 12, 12)),
    (images.UpConv(kernel=6, channels=64, stride=3, start="he"), (16, 6, 6)),
    (dense_layers.Linear(features=4_000, start="he"), (144,)),
])  # fmt: skip
def test_weights_of_he_double_the_variance(word, shape):
    torch.manual_seed(0)
    y = run(net := module(Example(word, shape)), Example(word, shape), torch.randn(8, *shape, dtype=torch.float64))
    inner = y[..., 3:-3, 3:-3] if len(shape) == 3 else y
    assert inner.var().item() == pytest.approx(2, rel=0.1) and not net.bias.any()

"""The same flow in each library: `make(library, task)`. Peers are imported when asked for; none is needed by flowspec itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Task:
    """What is built. Vectors have `features`; an image has 3 x 32 x 32, and `levels` of `transforms` steps each. The `hidden`
    units of B-NAF are those of one feature.

    `scale` is how an affine map in flowspec gets its scale from the network; peers have one form each.
    """

    kind: str
    features: int = 43
    transforms: int = 5
    hidden: tuple[int, ...] = (256, 256)
    bins: int = 8
    bound: float = 5.0
    levels: int = 3
    batch: int = 512
    scale: str = "scale=tanh"

    def example(self) -> Tensor:
        """A batch to run on."""
        generator = torch.Generator().manual_seed(1)
        if self.kind == "glow":
            return torch.rand(self.batch, 3, 32, 32, generator=generator) - 0.5
        return torch.randn(self.batch, self.features, generator=generator)


TASKS = {
    "nsf_ar": Task("nsf_ar"),
    "maf": Task("maf"),
    "realnvp": Task("realnvp", transforms=10),
    "bnaf": Task("bnaf", features=2, transforms=1, hidden=(50, 50, 50), batch=200),
    "bnaf_43": Task("bnaf", transforms=5, hidden=(10,), batch=200),
    "glow": Task("glow", transforms=8, hidden=(128,), batch=16, scale="scale=sigmoid"),
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """One library's model of a task."""

    module: nn.Module
    log_prob: Callable[[Tensor], Tensor]
    sample: Callable[[int], Tensor] | None
    """n -> n examples; None where the library has no inverse, or the map need not reach every z."""
    note: str = ""

    @property
    def parameters(self) -> int:
        """Trainable numbers, those held at zero by a mask among them."""
        return sum(parameter.numel() for parameter in self.module.parameters() if parameter.requires_grad)


class CannotExpress(Exception):
    """The library has no such flow."""


def make(library: str, task: Task, seed: int = 0) -> Candidate:
    """The model of a task in a library. Raises CannotExpress, and ImportError where the library is not installed."""
    builders = MAKERS[library]
    if task.kind not in builders:
        raise CannotExpress(f"{library} has no {task.kind}")
    torch.manual_seed(seed)
    return builders[task.kind](task)


def convolutions(channels: int, outputs: int, width: int) -> nn.Sequential:
    """Glow's conditioner with the sizes of the paper, the last layer zero at the start."""
    last = nn.Conv2d(width, outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), last
    )  # fmt: skip


def dense(inputs: int, outputs: int, hidden: tuple[int, ...]) -> nn.Sequential:
    """A network with ReLU between its layers."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Conditioner(nn.Sequential):
    """A network as nflows calls it."""

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        return super().forward(x)


# -------------------------------------------------------------------------------------------------------------- flowspec

SPECS = {
    "nsf_ar": "repeat {transforms} {{ autoregressive(spline(bins={bins}, bound={bound}), made({hidden})); reverse }}",
    "maf": "repeat {transforms} {{ autoregressive(affine({scale}), made({hidden})); reverse }}",
    "realnvp": """repeat {transforms} / 2 {{
        coupling(affine({scale}), mlp({hidden}), split=alternating, moves=second)
        coupling(affine({scale}), mlp({hidden}), split=alternating, moves=first)
    }}""",
    "bnaf": """for i in 1..{transforms} {{
        if i < {transforms} {{
            block_autoregressive(hidden={features}*{width}, layers={depth}, residual=gated)
            reverse
        }} else {{ block_autoregressive(hidden={features}*{width}, layers={depth}) }}
    }}""",
    "glow": """for level in 1..{levels} {{
        squeeze(2)
        repeat {transforms} {{
            actnorm
            conv1x1(lu)
            coupling(affine({scale}), conv(3, {width}) >> relu >> conv(1, {width}) >> relu >> conv(3, start=zero))
        }}
        if level < {levels} {{ split(half, prior=gaussian) }}
    }}""",
}


def spec_text(task: Task) -> str:
    """The task as a spec."""
    start = "image(3, 32, 32, levels=real)" if task.kind == "glow" else f"vector({task.features})"
    body = SPECS[task.kind].format(**{**vars(task), "hidden": list(task.hidden), "width": task.hidden[0], "depth": len(task.hidden)})
    return f"flow {task.kind} {{\n    input {start}\n    {body}\n    prior gaussian\n}}\n"


def _flowspec(task: Task) -> Candidate:
    import flowspec

    flow = flowspec.load(spec_text(task)).build()
    return Candidate(flow, flow.log_prob, None if task.kind == "bnaf" else flow.sample)


# ------------------------------------------------------------------------------------------------------------------ zuko


def _zuko(task: Task) -> Candidate:
    import zuko

    sizes = {"transforms": task.transforms, "hidden_features": task.hidden}
    match task.kind:
        case "nsf_ar":
            if task.bound != 5:
                raise CannotExpress("the splines of zuko's NSF reach from -5 to 5")
            flow = zuko.flows.NSF(task.features, bins=task.bins, **sizes)
        case "maf":
            flow = zuko.flows.MAF(task.features, **sizes)
        case _:
            flow = zuko.flows.RealNVP(task.features, **sizes)
    return Candidate(flow, lambda x: flow().log_prob(x), lambda n: flow().sample((n,)))


# ---------------------------------------------------------------------------------------------------------------- nflows


def _nflows_vectors(task: Task) -> Candidate:
    from nflows import transforms

    def autoregressive() -> list[nn.Module]:
        common = {
            "features": task.features, "hidden_features": task.hidden[0], "num_blocks": len(task.hidden) - 1,
            "use_residual_blocks": False,
        }  # fmt: skip
        if task.kind == "maf":
            step = transforms.MaskedAffineAutoregressiveTransform(**common)
        else:
            step = transforms.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
                num_bins=task.bins, tails="linear", tail_bound=task.bound, **common
            )
        return [step, transforms.ReversePermutation(task.features)]

    def coupling(number: int) -> list[nn.Module]:
        moved = torch.arange(task.features) % 2 == (number + 1) % 2
        return [transforms.AffineCouplingTransform(moved, lambda a, b: Conditioner(*dense(a, b, task.hidden)))]

    if task.kind != "realnvp" and len(set(task.hidden)) > 1:
        raise CannotExpress("the hidden layers of nflows are of one width")
    steps = [coupling(i) if task.kind == "realnvp" else autoregressive() for i in range(task.transforms)]
    return _nflows(transforms.CompositeTransform([step for group in steps for step in group]), (task.features,))


def _nflows_glow(task: Task) -> Candidate:
    from nflows import transforms

    whole = transforms.MultiscaleCompositeTransform(num_transforms=task.levels)
    channels, side = 3, 32
    for _ in range(task.levels):
        channels, side = channels * 4, side // 2
        steps: list[nn.Module] = [transforms.SqueezeTransform()]
        for _ in range(task.transforms):
            moved = torch.arange(channels) >= channels // 2
            coupling = transforms.AffineCouplingTransform(
                moved, lambda a, b: Conditioner(*convolutions(a, b, task.hidden[0]))
            )
            steps += [transforms.ActNorm(channels), transforms.OneByOneConvolution(channels), coupling]
        whole.add_transform(transforms.CompositeTransform(steps), (channels, side, side))
        channels //= 2
    return _nflows(whole, (3 * 32 * 32,), "packed triangles")


def _nflows(transform: nn.Module, shape: tuple[int, ...], note: str = "") -> Candidate:
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow

    flow = Flow(transform, StandardNormal(shape))
    return Candidate(flow, flow.log_prob, flow.sample, note)


# ------------------------------------------------------------------------------------------------------------- normflows


def _normflows_vectors(task: Task) -> Candidate:
    import normflows
    from normflows.flows.neural_spline.autoregressive import MaskedPiecewiseRationalQuadraticAutoregressive

    common = {
        "features": task.features, "hidden_features": task.hidden[0], "num_blocks": len(task.hidden) - 1,
        "use_residual_blocks": False,
    }  # fmt: skip

    def step() -> list[nn.Module]:
        if task.kind == "realnvp":
            moved = task.features // 2
            network = normflows.nets.MLP([task.features - moved, *task.hidden, 2 * moved])
            return [normflows.flows.AffineCouplingBlock(network), normflows.flows.Permute(task.features, mode="swap")]
        if task.kind == "maf":
            inner = normflows.flows.MaskedAffineAutoregressive(**common)
        else:
            inner = MaskedPiecewiseRationalQuadraticAutoregressive(
                num_bins=task.bins, tails="linear", tail_bound=task.bound, permute_mask=False, init_identity=False, **common
            )
        # Turned round, as log_prob would otherwise be the direction that goes feature by feature.
        return [normflows.flows.base.Reverse(inner), normflows.flows.Permute(task.features, mode="shuffle")]

    steps = [flow for _ in range(task.transforms) for flow in step()]
    model = normflows.NormalizingFlow(normflows.distributions.DiagGaussian(task.features, trainable=False), steps)
    note = "conditions on the larger half each time" if task.kind == "realnvp" and task.features % 2 else ""
    return Candidate(model, model.log_prob, lambda n: model.sample(n)[0], note)


def _normflows_glow(task: Task) -> Candidate:
    import normflows

    priors, merges, flows = [], [], []
    for level in range(task.levels):  # from the prior's end
        channels, side = 3 * 2 ** (task.levels + 1 - level), 32 // 2 ** (task.levels - level)
        steps = [normflows.flows.GlowBlock(channels, task.hidden[0], use_lu=True) for _ in range(task.transforms)]
        flows.append([*steps, normflows.flows.Squeeze()])
        if level > 0:
            merges.append(normflows.flows.Merge())
        priors.append(
            normflows.distributions.DiagGaussian((channels // 2 if level else channels, side, side), trainable=False)
        )
    model = normflows.MultiscaleFlow(priors, flows, merges, class_cond=False)
    return Candidate(model, lambda x: model.log_prob(x, None), lambda n: model.sample(n)[0])


# ----------------------------------------------------------------------------------------------------------------- FrEIA


def _freia_vectors(task: Task) -> Candidate:
    import FrEIA.framework
    import FrEIA.modules

    flow = FrEIA.framework.SequenceINN(task.features)
    for _ in range(task.transforms // 2):  # a block is two couplings
        flow.append(FrEIA.modules.GLOWCouplingBlock, subnet_constructor=lambda a, b: dense(a, b, task.hidden))
        flow.append(FrEIA.modules.PermuteRandom)
    sample = lambda n: flow(torch.randn(n, task.features), rev=True)[0]
    return Candidate(flow, _standard(flow), sample, f"{task.transforms // 2} blocks of two couplings")


def _freia_glow(task: Task) -> Candidate:
    import FrEIA.framework
    import FrEIA.modules

    node = FrEIA.framework.InputNode(3, 32, 32)
    nodes, ends = [node], []

    def add(*arguments, **more) -> FrEIA.framework.Node:
        nodes.append(FrEIA.framework.Node(*arguments, **more))
        return nodes[-1]

    step = {"subnet_constructor": lambda a, b: convolutions(a, b, task.hidden[0]), "permute_soft": True}
    for level in range(task.levels):
        node = add(node, FrEIA.modules.IRevNetDownsampling, {})
        for _ in range(task.transforms):
            node = add(node, FrEIA.modules.AllInOneBlock, step)
        if level < task.levels - 1:
            parts = add(node, FrEIA.modules.Split, {})
            node, leaving = parts.out0, parts.out1
        else:
            leaving = node
        ends.append(add(leaving, FrEIA.modules.Flatten, {}).out0)
    nodes.append(FrEIA.framework.OutputNode(add(ends, FrEIA.modules.Concat, {"dim": 0})))
    flow = FrEIA.framework.GraphINN(nodes)
    sample = lambda n: flow(torch.randn(n, 3 * 32 * 32), rev=True)[0]
    return Candidate(flow, _standard(flow), sample, "1x1 convolutions are fixed")


def _standard(flow: nn.Module) -> Callable[[Tensor], Tensor]:
    def log_prob(x: Tensor) -> Tensor:
        z, log_det = flow(x)
        return log_det - 0.5 * (z * z + math.log(2 * math.pi)).sum(1)

    return log_prob


def _bnaf(form: str, task: Task) -> Candidate:
    from peers import bnaf

    return getattr(bnaf, form)(task)


MAKERS: dict[str, dict[str, Callable[[Task], Candidate]]] = {
    "flowspec": dict.fromkeys(("nsf_ar", "maf", "realnvp", "bnaf", "glow"), _flowspec),
    "zuko": dict.fromkeys(("nsf_ar", "maf", "realnvp"), _zuko),
    "nflows": dict.fromkeys(("nsf_ar", "maf", "realnvp"), _nflows_vectors) | {"glow": _nflows_glow},
    "normflows": dict.fromkeys(("nsf_ar", "maf", "realnvp"), _normflows_vectors) | {"glow": _normflows_glow},
    "FrEIA": {"realnvp": _freia_vectors, "glow": _freia_glow},
    "pyro": {"bnaf": partial(_bnaf, "pyro")},
    "materialised": {"bnaf": partial(_bnaf, "materialised")},
}

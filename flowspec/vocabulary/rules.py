"""What the rules of the vocabulary speak of: states, ports, tensors, facts, demands and faults."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Literal

from pydantic import BaseModel, ConfigDict

LARGEST_SIZE = 1_000_000
"""No width, side or count of a layer may be larger."""

Shape = tuple[int, ...]
"""Channels (or features) first, without the batch: (D,), (C, T) or (C, H, W)."""


def written(shape: Shape) -> str:
    """A shape as messages, reports and diagrams show it: `3x32x32`."""
    return "x".join(map(str, shape))


def last_layer(shape: Shape) -> str:
    """A layer that ends a network which gives a shape, its width left out so that it is taken from what is needed."""
    return "conv(3)" if len(shape) == 3 else "linear"


class Frozen(BaseModel):
    """A value that no pass changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class State(Frozen):
    """What a wire carries: a shape, and the number of levels when its values are integers 0 … levels-1."""

    shape: Shape
    levels: int | None = None

    @property
    def size(self) -> int:
        """Number of dimensions."""
        return prod(self.shape)

    @property
    def channels(self) -> int:
        """Length of the channel (or feature) axis."""
        return self.shape[0]

    @property
    def area(self) -> int:
        """Number of positions: 1 for a vector, H*W for an image."""
        return prod(self.shape[1:])

    def with_shape(self, *shape: int) -> State:
        """The same kind of values in another shape."""
        return State(shape=shape, levels=self.levels)

    def __str__(self) -> str:
        return written(self.shape)


class Site(Frozen):
    """A place in a shared network where its uses differ: the channels that a bias is added to, and those that a gate multiplies."""

    bias: int
    gate: int
    gate_reaches: bool = True
    """Whether what the gate multiplies reaches the network's output."""


class Entering(Frozen):
    """What enters at the sites of a shared network: biases projected from an embedding of this size, and gates."""

    embedding: int | None = None
    gate: bool = False

    def __bool__(self) -> bool:
        return self.gate or self.embedding is not None


class Ports(Frozen):
    """What goes into a network, what it is given beside (its conditions), and what comes out."""

    input: Shape
    given: tuple[Shape, ...] = ()
    output: Shape
    sites: tuple[Site, ...] = ()
    """For a shared network: its sites, in order."""
    entering: Entering | None = None
    """Inside a shared network: what enters at its sites."""


class Demand(Frozen):
    """What a transform or prior asks of one of its networks.

    `input` is what it reads, `given` its conditions beside that, `output` what it must give; `reason` says where the output
    comes from, for messages; `ordered` asks that output i depends on inputs before i only, `causal` that row r of the output
    depends on rows up to r only, `contracts` that it is known to have a Lipschitz constant below 1.
    """

    input: Shape
    given: tuple[Shape, ...] = ()
    output: Shape
    reason: str = ""
    ordered: bool = False
    causal: bool = False
    contracts: bool = False


class NestedDemand(Frozen):
    """What a transform asks of a flow within it: the real state whose density it is, and the condition it may read.

    `instead` are the words that may stand in its place, `first` is the step that lets its draws lie where they must.
    """

    input: Shape
    context: Shape
    instead: tuple[str, ...] = ()
    first: str = ""


class Tensor(Frozen):
    """A parameter tensor as torch stores it.

    `live` leaves out the entries that a mask holds at zero, `deployed` is what remains once training-only parameters are
    folded or cached; both are `numel` unless stated.
    """

    name: str
    shape: Shape
    trainable: bool = True
    live_entries: int | None = None
    deployed_entries: int | None = None

    @property
    def numel(self) -> int:
        """Number of entries stored."""
        return prod(self.shape)

    @property
    def live(self) -> int:
        """Number of entries that no mask holds at zero."""
        return self.numel if self.live_entries is None else self.live_entries

    @property
    def deployed(self) -> int:
        """Number of entries that a deployed model keeps."""
        return self.numel if self.deployed_entries is None else self.deployed_entries


Kind = Literal["bijection", "surjection", "stochastic"]
Mode = Literal["analytic", "sequential", "iterative", "none"]
Likelihood = Literal["exact", "estimate", "bound"]
Volume = Literal["zero", "constant", "varies"]
Support = Literal["all", "nonnegative"]
Mass = Literal["one", "less"]
"""What a density integrates to: less than 1 where not every draw of the prior has an x."""


class Facts(Frozen):
    """What a transform states about itself, from which the checker derives the same of the flow.

    `density` and `sampling` say how each direction is computed (the mode of `sampling` is what a report calls the inverse),
    `passes` how many network evaluations a sequential direction takes.
    """

    kind: Kind = "bijection"
    density: Mode = "analytic"
    sampling: Mode = "analytic"
    passes: int = 1
    log_det: Likelihood = "exact"
    volume: Volume = "varies"
    sampling_needs_given: bool = True
    sampling_readers: tuple[str, ...] = ()
    """Arguments whose own conditions sampling needs even where it does not need the step's."""
    sampling_draws: bool = False
    """Whether sampling draws something in the step, so that its way back is random."""
    onto: bool = True
    """Whether every z is reached; if not, the flow's density integrates to less than 1, and some draws have no x."""
    reaches: Support | None = None
    """What is reached instead: a prior on just that takes nothing from the density."""
    remedy: str = ""
    """What would let every z be reached, or ask for no others."""


def largest_divisor(number: int, at_most: int) -> int:
    """The largest divisor of a number that is no larger than this."""
    return next(n for n in range(min(number, at_most), 0, -1) if number % n == 0)


class Fault(Exception):
    """A rule that is not met; the elaborator adds the place. `argument` names the argument at fault, if one is.

    What would mend it is shown in the author's own text: `arguments` with other values (None: left out), a word put `before`
    this one, or another call `instead` of it (an empty one: none).
    """

    def __init__(self, code: str, message: str, *, argument: str | None = None, label: str = "", notes: tuple[str, ...] = (),
                 help: tuple[str, ...] = (), arguments: Mapping[str, str | None] | None = None, before: str = "", instead: str | None = None):  # fmt: skip
        super().__init__(message)
        self.code, self.message, self.argument, self.label = code, message, argument, label
        self.notes, self.help = notes, help
        self.arguments, self.before, self.instead = arguments or {}, before, instead


def vector(word: str, x: State) -> State:
    """The state that enters a word that needs a vector. Raises Fault where it is none."""
    if len(x.shape) != 1:
        raise Fault("FS302", f"`{word}` needs a vector; {x} arrives", before="flatten")
    return x

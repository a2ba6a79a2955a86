"""The words of the language: a word is one declaration here and one torch module of the same name in `flowspec.modules`.

A declaration is a pydantic model. Its fields are the arguments, in the order in which they may stand without a name; its
methods are the rules (shapes, facts, parameters, cost). None of them imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, model_serializer

from flowspec.vocabulary.rules import Demand, Facts, NestedDemand, Ports, Shape, Site, State, Support, Tensor

Net = Annotated[str, "network"]
"""An argument that is a network; its value is the network's text, the step holds the network itself."""


NestedFlow = Annotated[str, "flow"]
"""An argument that is a flow within the flow; its value is the call's text, the step holds the flow's own graph."""


class Word(BaseModel):
    """A word of one role. A class given `word=` is a word; a class without is the abstract base of a role."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    role: ClassVar[str]
    word: ClassVar[str]
    words: ClassVar[dict[str, type[Self]]]

    def __init_subclass__(cls, word: str | None = None, role: str | None = None, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if role is not None:
            cls.role, cls.words = role, {}
        if word is not None:
            cls.word = word
            cls.words[word] = cls

    @model_serializer(mode="wrap")
    def _named(self, handler: Any) -> dict[str, Any]:
        return {"word": self.word, **handler(self)}

    @classmethod
    def read(cls, data: Any) -> Any:
        """A word of this role from its JSON form."""
        if not isinstance(data, Mapping):
            return data
        arguments = dict(data)
        return cls.words[arguments.pop("word")].model_validate(arguments)

    @classmethod
    def network_fields(cls) -> tuple[str, ...]:
        """The arguments that are networks."""
        return tuple(name for name, field in cls.model_fields.items() if "network" in _annotations(field))

    @classmethod
    def flow_fields(cls) -> tuple[str, ...]:
        """The arguments that are flows."""
        return tuple(name for name, field in cls.model_fields.items() if "flow" in _annotations(field))


def _annotations(field: Any) -> list[Any]:
    found, stack = list(field.metadata), [field.annotation]
    while stack:
        annotation = stack.pop()
        found += getattr(annotation, "__metadata__", ())
        stack += getattr(annotation, "__args__", ())
    return [item for item in found if isinstance(item, str)]


class Input(Word, role="input"):
    """What the data, or a condition, looks like."""

    constant: ClassVar[bool] = False
    """Whether its values are known without being given: such a word declares a condition, not data."""

    def state(self) -> State:
        """The state that enters the flow."""
        raise NotImplementedError


class Map(Word, role="map"):
    """An elementwise bijection y = f(x; parameters), the parameters being given by a conditioner."""

    straight: ClassVar[bool] = False
    """Whether its slope is the same at every x."""

    @property
    def width(self) -> int:
        """Number of parameters for each element."""
        raise NotImplementedError

    def facts(self) -> Facts:
        """Kind, inverse, log-det and volume of the map."""
        return Facts()

    def parameters(self) -> tuple[Tensor, ...]:
        """The map's own parameter tensors, the same for every element."""
        return ()

    def multiply_adds(self) -> int:
        """The map's own multiply-adds for one element."""
        return 0


class Transform(Word, role="transform"):
    """A step of a flow: how it maps a state in the normalising direction, and what is known of it."""

    reads: ClassVar[Literal["real", "integers", "any"]] = "real"
    """The values it can stand on."""
    keeps_shape: ClassVar[bool] = True
    """Whether what leaves has the shape of what enters, whatever the arguments are."""
    closes: ClassVar[str | None] = None
    """The argument whose prior ends the second output, for a transform that has one."""
    holds: ClassVar[tuple[str, ...]] = ()
    """Arguments that are distributions within the step: their networks are the step's, named `argument.field`."""
    draws_from: ClassVar[str | None] = None
    """The argument whose distribution the output is drawn from; its term has the same name."""
    by_batch: ClassVar[bool] = False
    """Whether training maps an example by what else is in its batch, which the way back does not know."""
    terms: ClassVar[tuple[str, ...]] = ("log_det",)
    """What the step adds to log p(x), term by term; of more than one the module gives each (`with_terms`)."""

    @property
    def starts_from_data(self) -> bool:
        """Whether its first values are taken from the first batch that it maps."""
        return False

    def held(self, x: State) -> dict[str, State]:
        """The state of each distribution that it `holds`."""
        return {}

    def outputs(self, x: State) -> tuple[State, ...]:
        """The states that leave, given the one that enters. Raises Fault where the step cannot stand."""
        return (x,)

    def inputs(self, z: State) -> State:
        """The state that enters, given the one that leaves: the shape rule of `inverse { }`."""
        return z

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        """What is asked of each network."""
        return {}

    def asks(self, x: State, given: Mapping[str, tuple[Shape, ...]]) -> dict[str, Demand]:
        """The demands, with the conditions of each reader: those of the step under "", those of an argument under its name."""
        return self.demands(x, given.get("", ()))

    def nested(self, x: State, given: tuple[Shape, ...]) -> dict[str, NestedDemand]:
        """What is asked of each flow within the step, which may read what the step is given."""
        return {}

    def facts(self, x: State) -> Facts:
        """Kind, modes of both directions, log-det and volume."""
        return Facts()

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        """The step's own parameter tensors, without its networks'."""
        return ()

    def multiply_adds(self, x: State) -> tuple[int, int]:
        """The step's own multiply-adds for one example: density, sampling."""
        return (0, 0)

    def evaluations(self, x: State) -> tuple[int, int]:
        """How many times each network is evaluated in whole: density, sampling."""
        return (1, 1)

    def uses(self, x: State, network: str) -> tuple[int, int]:
        """The evaluations of one network, where they differ."""
        return self.evaluations(x)


class Prior(Word, role="prior"):
    """A distribution that ends a wire, or stands within a step."""

    reads: ClassVar[Literal["real", "integers"]] = "real"
    """The values it is a distribution of."""
    support: ClassVar[Support] = "all"
    """Where its draws lie."""
    reparametrised: ClassVar[bool] = True
    """Whether gradients reach its parameters through its draws."""
    normal: ClassVar[bool] = False
    """Whether its dimensions are independent and normal: the divergence of two such distributions has a closed form."""

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        """What is asked of each network."""
        return {}

    def alone(self, z: State) -> Shape:
        """What a network of its reads where it is given nothing: zeros of this shape."""
        return z.shape

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        """The prior's own parameter tensors."""
        return ()

    def facts(self, z: State) -> Facts:
        """How the density and draws are computed."""
        return Facts(volume="zero")

    def check(self, z: State) -> None:
        """Raises Fault where the prior cannot end this state."""


class NetworkWord(Word, role="network"):
    """A network, or a piece of one: any function of a shape to a shape."""

    body: ClassVar[str | None] = None
    """For a combinator, how its body is read: a `sequence`, or `branches` that all read the input."""
    joins: ClassVar[bool] = True
    """Whether conditions are joined to the input before the word sees them; else it takes them itself."""
    keeps_shape: ClassVar[bool] = False
    """Whether the output has the input's shape, so that a wanted output is a wanted input."""

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        """The output's shape; `wanted` fills what the arguments leave open. Raises Fault when nothing does."""
        return input

    def takes(self, given: tuple[Shape, ...]) -> None:
        """Raises Fault where the word, which reads its conditions itself, cannot read these."""

    def wants(self, wanted: Shape) -> Shape | None:
        """The input that is wanted where this output is, or None if it does not follow."""
        return wanted if self.keeps_shape else None

    def entered(self, input: Shape) -> Shape:
        """For a combinator: the shape that enters its body."""
        return input

    def inside(self, input: Shape, wanted: Shape | None) -> Shape | None:
        """For a combinator: the output wanted of its body."""
        return wanted

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        """For a combinator: the output's shape from those of the body's branches."""
        raise NotImplementedError

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        """The word's own parameter tensors."""
        return ()

    def multiply_adds(self, ports: Ports) -> int:
        """Multiply-adds of one evaluation on one example."""
        return 0

    def ordered(self) -> bool | None:
        """True if output i depends on inputs before i only, None if on input i alone (it keeps what order there is)."""
        return None if self.keeps_shape else False

    def causal(self) -> bool:
        """Whether row r of the output depends on rows up to r only; of a combinator its body is asked.

        A word whose output depends on rows before r has a module that goes row by row (`by_rows`).
        """
        return self.ordered() is None

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        """A Lipschitz constant of the word, given those of its body's networks (a chain's: its own); None if none is known."""
        return None

    def sites(self, ports: Ports) -> tuple[Site, ...]:
        """The sites of the word itself, if it stands in a shared network."""
        return ()


AnyInput = Annotated[SerializeAsAny[Input], BeforeValidator(Input.read)]
AnyMap = Annotated[SerializeAsAny[Map], BeforeValidator(Map.read)]
AnyTransform = Annotated[SerializeAsAny[Transform], BeforeValidator(Transform.read)]
AnyPrior = Annotated[SerializeAsAny[Prior], BeforeValidator(Prior.read)]
AnyNetwork = Annotated[SerializeAsAny[NetworkWord], BeforeValidator(NetworkWord.read)]

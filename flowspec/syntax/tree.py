"""The syntax tree: what the text says, before any of its names means anything. Every node has its span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowspec.source import Span

# ------------------------------------------------------------------------------------------------------------ expressions


@dataclass(frozen=True, slots=True)
class Number:
    """`130_647_294`, `0.5`, `1e-4`: an int when written as one."""

    span: Span
    value: int | float


@dataclass(frozen=True, slots=True)
class Text:
    """`"photo.png"`."""

    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    span: Span
    value: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands alone: a parameter, a wire, a choice, or a call without arguments."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call: `name=value`, or `value` alone (then `name` is None)."""

    span: Span
    name: str | None
    name_span: Span | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    span: Span
    name: str
    name_span: Span
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """`[256, 256]`."""

    span: Span
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`[vae: 0.5, flow: 1.0]`: values by name."""

    span: Span
    items: tuple[tuple[Name, Expression], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`1..levels`, both ends included."""

    span: Span
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    span: Span
    operator: Literal["-", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison or logic on two values; `^` is the power."""

    span: Span
    operator: Literal["+", "-", "*", "/", "//", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or"]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Index:
    """`list[i]`, counted from 0; negative from the end."""

    span: Span
    value: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Slice:
    """`list[low:high]`; either end may be left out."""

    span: Span
    value: Expression
    low: Expression | None
    high: Expression | None


@dataclass(frozen=True, slots=True)
class Compose:
    """`first >> second >> …`: networks one after another."""

    span: Span
    parts: tuple[Expression, ...]


Expression = Number | Text | Truth | Name | Call | Listing | Table | Range | Unary | Binary | Index | Slice | Compose

# ------------------------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Do:
    """A step: a transform in a flow, a network in a net; `as` names its outputs, a body belongs to a combinator."""

    span: Span
    value: Expression
    names: tuple[Name, ...] = ()
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """`input image(3, 32, 32)`."""

    span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Context:
    """`context classes(10) as label`: what the flow is conditioned on, known in both directions."""

    span: Span
    value: Expression
    name: Name | None


@dataclass(frozen=True, slots=True)
class Prior:
    """`prior gaussian`: ends the current wire."""

    span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Let:
    """`let name = value`."""

    span: Span
    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat count { … }`."""

    span: Span
    count: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class For:
    """`for name in values { … }`."""

    span: Span
    name: Name
    values: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class If:
    """`if condition { … } else { … }`; `else if` nests."""

    span: Span
    condition: Expression
    body: Body
    otherwise: Body | None


@dataclass(frozen=True, slots=True)
class Part:
    """`part name { … }`: a named section."""

    span: Span
    name: Name
    body: Body


@dataclass(frozen=True, slots=True)
class Tap:
    """`tap name` names the state at this point; `tap name[]` appends it to a list."""

    span: Span
    name: Name
    append: bool


@dataclass(frozen=True, slots=True)
class Inverse:
    """`inverse { … }`: the body turned round."""

    span: Span
    body: Body


@dataclass(frozen=True, slots=True)
class On:
    """`on wire { … }`: the body acts on a named wire."""

    span: Span
    wire: Name
    body: Body


@dataclass(frozen=True, slots=True)
class Merge:
    """`merge(a, b)`: joins named wires, in that order, into the current one."""

    span: Span
    wires: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Expect:
    """`expect condition`: a contract."""

    span: Span
    condition: Expression


@dataclass(frozen=True, slots=True)
class Freeze:
    """`freeze a, b`: parts whose parameters and buffers a phase leaves alone."""

    span: Span
    parts: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Bypass:
    """`bypass a, b`: parts that a phase leaves out."""

    span: Span
    parts: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """`phase name(arguments) { … }` inside `train`."""

    span: Span
    name: Name
    arguments: tuple[Argument, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Settings:
    """`data(…)`, `train(…) { … }`, `evaluate(…)` or `sample(…)`: defaults of a run."""

    span: Span
    name: Name
    arguments: tuple[Argument, ...]
    body: Body | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """What could not be read, with its first word and, as far as there is one, its body; later passes stay silent about the rest."""

    span: Span
    first: str = ""
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """`{ statements }`."""

    span: Span
    statements: tuple[Statement, ...]


Statement = (
    Do | Input | Context | Prior | Let | Repeat | For | If | Part | Tap | Inverse | On | Merge | Expect | Freeze | Bypass
    | Phase | Settings | Skipped
)  # fmt: skip

# ------------------------------------------------------------------------------------------------------------ definitions


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a definition; without a default it must be given."""

    span: Span
    name: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Definition:
    """`flow`, `def` or `net` with its parameters and body."""

    span: Span
    kind: Literal["flow", "def", "net"]
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Use:
    """`use "file.flow"`: brings the definitions of another file."""

    span: Span
    path: Text


@dataclass(frozen=True, slots=True)
class File:
    """A whole file."""

    span: Span
    uses: tuple[Use, ...]
    definitions: tuple[Definition, ...]
    comments: tuple[tuple[Span, str], ...] = ()
    skipped: tuple[Span, ...] = ()
    """What could not be read."""

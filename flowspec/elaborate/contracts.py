"""Contracts: what an `expect` asks of the flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from flowspec.diagnostics import Fix, nearest
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.values import Scope, Symbol, Value, fail, unknown
from flowspec.graph import COMPARISONS, Contract
from flowspec.syntax import tree
from flowspec.syntax.format import write
from flowspec.vocabulary.rules import Likelihood, Mass, Mode, State, Volume

FACTS = ("parameters", "trainable", "live", "deployed", "latent_dims", "likelihood", "inverse", "volume", "mass", "shape", "count")
"""What a contract can speak of; `count(name)` is the number of steps, definitions and parts of that name, `parameters(name)` what parts of it hold."""
COUNTS = ("parameters", "trainable", "live", "deployed", "latent_dims", "shape", "count")
"""Facts that are numbers of the spec as written: they are not asked of it with other parameters."""
VALUES = {"likelihood": get_args(Likelihood), "inverse": get_args(Mode), "volume": get_args(Volume), "mass": get_args(Mass)}
"""Facts that are names."""
NUMBERS = ("parameters", "trainable", "live", "deployed", "latent_dims")
"""Facts that are one number."""


@dataclass(frozen=True)
class Expectation:
    """An `expect` at its place: the scope and the state there, and whether an `if` chose it."""

    statement: tree.Expect
    scope: Scope
    state: State | None
    chosen: bool


def contract(expectation: Expectation, as_written: bool, parts: set[str], countable: set[str]) -> Contract | None:
    """The contract of an `expect`; one on `shape` is checked at once. Raises SpecError.

    With other parameters than those written, counts are other counts: they are then asked only where an `if` says so.
    """
    scope, state, condition = expectation.scope, expectation.state, expectation.statement.condition
    if not isinstance(condition, tree.Binary) or condition.operator not in COMPARISONS:
        fixes = (Fix("compare it, for example so", condition.span, f"{write(condition)} < 1_000_000_000"),) if write(condition) in NUMBERS else ()
        raise fail("FS701", "`expect` needs a comparison", condition.span, label="nothing is compared", fixes=fixes,
                   help=("`==` compares with one number, which `flowspec report` tells",) if fixes else (_EXAMPLE,))  # fmt: skip
    fact, subject = _fact(condition)
    value = _value(evaluate(condition.right, scope), condition.right)
    text = write(condition)
    _check_sides(fact, value, condition)
    if fact == "parameters" and subject is not None and subject not in parts:
        help = ("parts here: " + ", ".join(sorted(parts)) if parts else "name a section with `part name { … }`",)
        raise unknown(f"unknown part `{subject}`", subject, condition.left.arguments[0].span, parts, help)
    if fact == "count" and subject not in countable:
        raise unknown(f"nothing here is named `{subject}`", subject or "", condition.left.arguments[0].span, countable)
    if fact in COUNTS and not (as_written or expectation.chosen):
        return None
    if fact == "shape":
        if state is not None and (state.shape == value) != (condition.operator == "=="):
            fixes = (Fix("write what it is, or change the flow", condition.right.span, str(list(state.shape))),) if condition.operator == "==" else ()
            raise fail("FS702", f"contract not met: {text}", condition.span, label=f"the shape here is {list(state.shape)}", fixes=fixes,
                       help=() if fixes else ("take it out, or change the flow",))  # fmt: skip
        return None
    return Contract(text=text, fact=fact, operator=condition.operator, value=value, subject=subject, span=condition.span)


def _fact(condition: tree.Binary) -> tuple[str, str | None]:
    expression = condition.left
    name = getattr(expression, "name", None)
    if isinstance(expression, tree.Call) and name in ("count", "parameters") and len(expression.arguments) == 1:
        subject = expression.arguments[0].value
        if isinstance(subject, tree.Name):
            return name, subject.name
    if isinstance(expression, tree.Name) and name in FACTS and name != "count":
        return name, None
    facts = "a contract begins with a fact: " + ", ".join(FACTS[:-1]) + ", parameters(part) or count(name)"
    near = nearest(name, FACTS) if name else None
    label, fixes = (f"did you mean `{near}`?", (Fix(f"write `{near}`", expression.span, near),)) if near else ("this is not one", ())
    if getattr(condition.right, "name", None) in FACTS:
        turned = f"{write(condition.right)} {_TURNED.get(condition.operator, condition.operator)} {write(expression)}"
        fixes = (Fix("turn it round", condition.span, turned),)
    raise fail("FS701", facts, expression.span, label=label, fixes=fixes, help=() if fixes else (_EXAMPLE,))


_EXAMPLE = "for example `expect parameters < 1_000_000_000`, or `expect likelihood == exact`"
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Comparisons read from the other side."""


def _check_sides(fact: str, value: object, condition: tree.Binary) -> None:
    """Raises SpecError when a fact can never be compared so, or with this."""
    values = VALUES.get(fact)
    if (values or fact == "shape") and condition.operator not in ("==", "!="):
        raise fail("FS701", f"`{fact}` has no order: it is compared by `==` or `!=`", condition.span, label=f"`{condition.operator}` needs an order",
                   fixes=(Fix("compare by `==`", condition.span, f"{write(condition.left)} == {write(condition.right)}"),))  # fmt: skip
    if values and value not in values:
        near = nearest(str(value), values)
        label, fixes = (f"did you mean `{near}`?", (Fix(f"write `{near}`", condition.right.span, near),)) if near else ("none of these", ())
        raise fail("FS701", f"`{fact}` is one of {', '.join(values)}; it is compared with {value}", condition.right.span, label=label, fixes=fixes)
    if fact == "shape" and not isinstance(value, tuple):
        raise fail("FS701", f"a shape is a list; it is compared with {value}", condition.right.span, help=("for example `expect shape == [12, 16, 16]`",))
    if not values and fact != "shape" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise fail("FS701", f"`{fact}` is a number; it is compared with {value}", condition.right.span, help=(_EXAMPLE,))


def _value(value: Value, expression: tree.Expression) -> int | float | str | bool | tuple:
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, int | float | str | bool):
        return value
    raise fail("FS701", "a contract compares with a number, a name or a list", expression.span, help=(_EXAMPLE,))

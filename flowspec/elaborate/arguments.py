"""From a call to a word: its arguments by name, each of the type that the word declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.calls import bind, call_of, called, unknown_word
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.mending import from_fault
from flowspec.elaborate.signatures import ROLES, alternatives, fields_of, is_role, meaning, shown, signature
from flowspec.elaborate.sources import source
from flowspec.elaborate.values import Deferred, Scope, Symbol, Symbols, Value, described, fail, unknown_or
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.syntax.format import write
from flowspec.vocabulary.rules import LARGEST_SIZE, Fault
from flowspec.vocabulary.settings.runs import Source
from flowspec.vocabulary.word import Word

ITEMS = 25
"""Items of lists that cost as much as a statement."""


@dataclass(frozen=True)
class Spoken:
    """A word with its arguments, the networks it was given, and where each argument stands."""

    word: Word
    networks: dict[str, Value]
    arguments: dict[str, tree.Argument]
    span: Span
    given: Value | None = None
    inner: dict[str, Spoken] | None = None
    """Arguments that are words themselves, for the networks and places within them."""

    @property
    def held(self) -> dict[str, Spoken]:
        """The distributions within a step that are its own, by argument."""
        return {name: self.inner[name] for name in getattr(self.word, "holds", ()) if name in (self.inner or {})}

    def places(self) -> dict[str, tuple[Value, Span]]:
        """Every network of the step with its place, those of its distributions as `argument.field`."""
        found = {name: (value, self.at(name)) for name, value in self.networks.items()}
        for argument, inner in self.held.items():
            found |= {f"{argument}.{name}": place for name, place in inner.places().items()}
        return found

    def refused(self, fault: Fault) -> SpecError:
        """The error for a rule that the call does not meet."""
        return from_fault(fault, self.word.word, self.arguments, self.span)

    def at(self, argument: str | None) -> Span:
        """The place of an argument, or of the whole call."""
        return self.arguments[argument].span if argument in self.arguments else self.span


def speak(role: type[Word], value: Value, scope: Scope, span: Span) -> Spoken:
    """The word of a role that a call or a name stands for. Raises SpecError."""
    name, name_span, arguments, scope = call_of(ROLES.get(role.role, f"a {role.role}"), value, scope, span)
    word = role.words.get(name)
    if word is None:
        raise unknown_word(role, name, name_span)
    return _construct(word, arguments, scope, span)


def _construct(word: type[Word], arguments: tuple[tree.Argument, ...], scope: Scope, span: Span) -> Spoken:
    fields, values, networks, inner = fields_of(word), {}, {}, {}
    bound, unfit = bind(word, arguments, span)
    faults, given = Gathered(), None
    faults.add(unfit)
    for name, argument in bound.items():
        value = faults.tried(lambda: evaluate(argument.value, scope))
        if name == "given" and name not in fields:
            given = value
        elif value is not None:
            values[name] = faults.tried(lambda: convert(value, fields[name], scope, argument.value.span))
    faults.faults = [replace(fault, notes=(signature(word),)) if fault.code == "FS204" and not fault.notes else fault for fault in faults.faults]
    faults.end()
    for name, value in values.items():
        if isinstance(value, Spoken):
            inner[name], values[name] = value, value.word
        elif is_network(value):
            networks[name], values[name] = value, write(bound[name].value)
    return Spoken(_validated(word, values, bound, span), networks, bound, span, given, inner)


def _validated(word: type[Word], values: dict[str, Any], bound: dict[str, tree.Argument], span: Span) -> Word:
    try:
        return word(**values)
    except ValidationError as error:
        problems = {str(problem["loc"][0]): problem for problem in sorted(error.errors(), key=_is_bound)}
        raise SpecError(_out_of_range(word, name, problem, bound[name]) for name, problem in problems.items()) from None
    except Fault as fault:
        raise from_fault(fault, word.word, bound, span) from None


def _out_of_range(word: type[Word], name: str, problem: Any, argument: tree.Argument) -> Diagnostic:
    code = "FS807" if problem.get("ctx", {}).get("le") == LARGEST_SIZE else "FS208"
    return Diagnostic(code, f"`{name}` of `{word.word}` {_bound(problem)}", Label(argument.span, f"found {shown(problem['input'])}"), fixes=_within(word, name, problem, _item(argument, problem)))


def _item(argument: tree.Argument, problem: Any) -> Span:
    """The place of what is out of range: the argument's value, or an item of it."""
    _, *at = problem["loc"]
    items = getattr(argument.value, "items", ())
    return items[at[0]].span if at and isinstance(at[0], int) and isinstance(argument.value, tree.Listing) and at[0] < len(items) else argument.value.span


def _within(word: type[Word], name: str, problem: Any, span: Span) -> tuple[Fix, ...]:
    """A value that is within the bounds: what was found without its sign, the default, or the bound."""
    context, found, default = problem.get("ctx", {}), problem["input"], word.model_fields[name].default
    bound = next((context[key] for key in ("ge", "le") if key in context), None)
    if "ge" in context and type(found) is int and -found >= context["ge"]:
        bound = -found
    elif type(default) in (int, float):
        bound = default
    return () if bound is None else (Fix(f"write `{_digits(bound)}`, for example", span, _digits(bound)),)


def _digits(number: float) -> str:
    return f"{number:_}" if isinstance(number, int) else f"{number:g}"


def _is_bound(problem: Any) -> bool:
    """Whether a problem is one of a bound, which says more than that another of several types was wanted."""
    return bool({"ge", "gt", "le", "lt", "min_length"} & set(problem.get("ctx", {})))


def _bound(problem: Any) -> str:
    context = problem.get("ctx", {})
    words = {"ge": "must be at least", "gt": "must be more than", "le": "must be at most", "lt": "must be less than"}
    key = next((key for key in words if key in context), None)
    if key:
        return f"{words[key]} {context[key]:{'_' if isinstance(context[key], int) else 'g'}}"
    if "min_length" in context:
        return f"must hold at least {context['min_length']} item{'s' if context['min_length'] > 1 else ''}"
    return "cannot take this value"


def items_of(spoken: Spoken) -> int:
    """The items of all lists that a call is given: what it costs beside itself."""
    lists = [value for value in (*spoken.word.__dict__.values(), spoken.given) if isinstance(value, tuple | list)]
    return sum(map(len, lists)) // ITEMS


def is_network(value: Any) -> bool:
    """Whether a converted value is a network, or a flow, still to be built."""
    return isinstance(value, Symbol | Deferred)


def convert(value: Value, hint: Any, scope: Scope, span: Span) -> Any:
    """A value as a declared type. Networks come back as they are, words as `Spoken`. Raises SpecError."""
    choices = alternatives(hint)
    if "flow" in choices and is_network(value):
        choices = [choice for choice in choices if not is_role(choice) or called(value) in choice.words]
    for choice in choices:
        found, result = _as(value, choice, scope, span)
        if found:
            return result
    raise _mismatch(value, hint, choices, span)


def _as(value: Value, choice: Any, scope: Scope, span: Span) -> tuple[bool, Any]:
    if choice in ("network", "flow"):
        return is_network(value), value
    if get_origin(choice) is Literal:
        name = value.name if isinstance(value, Symbol) else value
        return name in get_args(choice) and not isinstance(name, bool), name
    if get_origin(choice) is tuple:
        return _as_tuple(value, choice, scope, span)
    if get_origin(choice) is dict:
        item = get_args(choice)[1]
        return isinstance(value, dict), value and {name: _bare(convert(v, item, scope, span)) for name, v in _pairs(value)}
    if choice is Source:
        return isinstance(value, Symbol | Deferred), source(value, span)
    if is_role(choice):
        return (True, speak(choice, value, scope, span)) if isinstance(value, Symbol | Deferred) else (False, None)
    if choice is type(None):
        return isinstance(value, Symbol) and value.name == "none", None
    return _as_plain(value, choice)


def _bare(result: Any) -> Any:
    return result.word if isinstance(result, Spoken) else result


def _pairs(value: Value) -> list[tuple[str, Value]]:
    return list(value.items()) if isinstance(value, dict) else []


def _as_plain(value: Value, choice: Any) -> tuple[bool, Any]:
    if choice is float and isinstance(value, int | float) and not isinstance(value, bool):
        return True, float(value)
    if choice is int and isinstance(value, float) and value.is_integer():
        return True, int(value)
    return isinstance(value, choice) and (choice is bool or not isinstance(value, bool)), value


def _as_tuple(value: Value, choice: Any, scope: Scope, span: Span) -> tuple[bool, Any]:
    item = get_args(choice)[0]
    if isinstance(value, Symbols | Symbol) and get_origin(item) is Literal:
        symbols = value.names if isinstance(value, Symbols) else (value,)
        return True, tuple(convert(symbol, item, scope, symbol.span) for symbol in symbols)
    if not isinstance(value, list):
        return False, None
    return True, tuple(convert(part, item, scope, span) for part in value)


def _mismatch(value: Value, hint: Any, choices: list[Any], span: Span) -> SpecError:
    names = [name for choice in choices if get_origin(choice) is Literal for name in get_args(choice)]
    if isinstance(value, Symbol) and names:
        near = nearest(value.name, names)
        fixes = (Fix(f"write `{near}`", value.span, near),) if near else ()
        label = f"did you mean `{near}`?" if near else "none of these"
        help = () if near else (f"for example `{names[0]}`",)
        return fail("FS207", f"{meaning(hint)} is needed here, found `{value.name}`", value.span, label=label, fixes=fixes, help=help)
    fixes = tuple(_written(value, choices, names, span))
    return unknown_or(meaning(hint), value, span, fixes) if not names or fixes else fail(
        "FS207", f"{meaning(hint)} is needed here, found {described(value)}", span, help=(f"write {' or '.join(f'`{name}`' for name in names[:2])}, without quotes",))


def _written(value: Value, choices: list[Any], names: list[str], span: Span) -> Iterator[Fix]:
    """What the value may have been meant to be."""
    if isinstance(value, str) and value in names:
        yield Fix("names are written without quotes", span, value)
    if bool in choices and value in (0, 1):
        yield Fix(f"write `{str(bool(value)).lower()}`", span, str(bool(value)).lower())
    if type(value) in (int, float) and any(get_origin(choice) is tuple for choice in choices):
        yield Fix("write a list", Span(span.file, span.start, span.end), f"[{value}]")

"""Calls: the name and the arguments of a value, and what is to be said of those that are none of the language's."""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.examples import example
from flowspec.elaborate.signatures import ROLES, fields_of, meaning, signature
from flowspec.elaborate.values import Deferred, Scope, Symbol, Value, described, fail
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.word import Word


def call_of(needed: str, value: Value, scope: Scope, span: Span) -> tuple[str, Span, tuple[tree.Argument, ...], Scope]:
    """Name and arguments of a value that must be a call or a bare name."""
    if isinstance(value, Symbol):
        return value.name, value.span, (), scope
    if isinstance(value, Deferred) and isinstance(value.expression, tree.Call):
        return value.expression.name, value.expression.name_span, value.expression.arguments, value.scope
    raise fail("FS207", f"{needed} is needed here, found {described(value)}", span, help=example(needed, value))


def unknown_word(role: type[Word], name: str, span: Span, known: tuple[str, ...] = ()) -> SpecError:
    """An error for a name that is no word of the role, with what it is instead, or the nearest name."""
    what = ROLES.get(role.role, f"one of the {role.role} words")
    for other in Word.__subclasses__():
        if other is not role and name in other.words and other.role in ROLES:
            return fail("FS204", f"`{name}` is {ROLES[other.role]}; {what} is needed here", span, help=_instead(role, other, name))
    near = nearest(name, (*role.words, *known))
    label = f"did you mean `{near}`?" if near else ""
    fixes = (Fix(f"write `{near}`", span, near, safe=False),) if near else ()
    help = () if near else (f"{what} is one of: " + ", ".join(sorted((*role.words, *known))),)
    return fail("FS202", f"unknown name `{name}`: {what} is needed here", span, label=label, fixes=fixes, help=help)


def _instead(role: type[Word], other: type[Word], name: str) -> tuple[str, ...]:
    if (role.role, other.role) == ("transform", "network"):
        return (
            "a network has no inverse and no log-det, whatever its shapes; put it inside a transform,"
            f" as in `coupling(affine, {name} >> …)`",
        )
    if (role.role, other.role) == ("transform", "map"):
        return (f"a map becomes a transform in `coupling({name}, …)`, `autoregressive({name}, …)` or `elementwise({name})`",)
    if (role.role, other.role) == ("transform", "prior"):
        return (f"a prior ends a wire: `prior {name}`",)
    if other.role == "transform":
        return (f"a transform stands on a line of its own: `{name}`",)
    return example(ROLES.get(role.role, ""), None)


def bind(word: type[Word], arguments: tuple[tree.Argument, ...], span: Span) -> dict[str, tree.Argument]:
    """Arguments by name. Raises SpecError for unknown, doubled and missing ones."""
    names, bound = list(fields_of(word)), {}
    faults: list[Diagnostic] = []
    free = iter(names)
    extra = ("given",) if word.network_fields() or word.role == "transform" else ()
    for argument in arguments:
        name = argument.name or next((name for name in free if name not in bound), None)
        place = argument.name_span or argument.span
        if name is None:
            faults.append(Diagnostic("FS205", f"`{word.word}` takes {_many(names)}", Label(argument.span, "one too many"), notes=(signature(word),)))
        elif name not in names and name not in extra:
            faults.append(_unknown_argument(word, name, (*names, *extra), place))
        elif name in bound:
            faults.append(Diagnostic("FS205", f"`{name}` is given twice", Label(place), (Label(bound[name].span, "first given here"),), help=("keep one of the two",)))
        else:
            bound[name] = argument
    missing = [name for name, field in word.model_fields.items() if field.is_required() and name not in bound]
    if missing and not faults:
        needed = ", ".join(f"`{name}`" for name in missing)
        faults.append(Diagnostic("FS205", f"`{word.word}` needs {needed}", Label(span, "not given"), notes=(signature(word),),
                                 help=example(meaning(fields_of(word)[missing[0]]), None)))  # fmt: skip
    if faults:
        raise SpecError(faults)
    return bound


def _many(names: list[str]) -> str:
    return "no arguments" if not names else f"{len(names)} argument{'s' if len(names) > 1 else ''}: " + ", ".join(names)


def _unknown_argument(word: type[Word], name: str, names: tuple[str, ...], span: Span) -> Diagnostic:
    near = nearest(name, names)
    label = f"did you mean `{near}`?" if near else ""
    fixes = (Fix(f"write `{near}`", span, near, safe=True),) if near else ()
    return Diagnostic("FS203", f"unknown argument `{name}` for `{word.word}`", Label(span, label), notes=(signature(word),), fixes=fixes)

"""Calls: the name and the arguments of a value, and what is to be said of those that are none of the language's."""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.examples import example, sample
from flowspec.elaborate.mending import changed_call
from flowspec.elaborate.signatures import ROLES, fields_of, meaning, signature
from flowspec.elaborate.values import Deferred, Scope, Symbol, Value, described, fail
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.syntax.format import write
from flowspec.vocabulary.word import Word


def call_of(needed: str, value: Value, scope: Scope, span: Span) -> tuple[str, Span, tuple[tree.Argument, ...], Scope]:
    """Name and arguments of a value that must be a call or a bare name."""
    if isinstance(value, Symbol):
        return value.name, value.span, (), scope
    if isinstance(value, Deferred) and isinstance(value.expression, tree.Call):
        return value.expression.name, value.expression.name_span, value.expression.arguments, value.scope
    raise fail("FS207", f"{needed} is needed here, found {described(value)}", span, help=example(needed, value))


def called(value: Value) -> str:
    """The name that a value is, or calls; of what is neither it is empty."""
    return value.name if isinstance(value, Symbol) else getattr(getattr(value, "expression", None), "name", "")


LISTED = 50
"""Definitions of the author's own that are listed when a name is unknown."""


def unknown_word(role: type[Word], name: str, span: Span, known: tuple[str, ...] = ()) -> SpecError:
    """An error for a name that is no word of the role, with what it is instead, or the nearest name."""
    what = ROLES.get(role.role, f"one of the {role.role} words")
    for other in Word.__subclasses__():
        if other is not role and name in other.words and other.role in ROLES:
            ending = (Fix("a prior ends a wire", Span(span.file, span.start, span.start), "prior "),) if (role.role, other.role) == ("transform", "prior") else ()
            return fail("FS204", f"`{name}` is {ROLES[other.role]}; {what} is needed here", span, fixes=ending, help=() if ending else _instead(role, other, name))
    near = nearest(name, (*role.words, *known))
    label = f"did you mean `{near}`?" if near else ""
    fixes = (Fix(f"write `{near}`", span, near, safe=False),) if near else ()
    others = f", and {len(known) - LISTED} more" if len(known) > LISTED else ""
    help = () if near else (f"{what} is one of: " + ", ".join(sorted((*role.words, *known[:LISTED]))) + others, *example(what, None))
    return fail("FS202", f"unknown name `{name}`: {what} is needed here", span, label=label, fixes=fixes, help=help)


def _instead(role: type[Word], other: type[Word], name: str) -> tuple[str, ...]:
    if (role.role, other.role) == ("network", "transform"):
        return (f"take it out of the network: a transform stands on a line of its own, before this one or after it: `{name}`",)
    if (role.role, other.role) == ("prior", "transform"):
        return (f"end the wire with a prior, on a line behind the transform: `{name}; prior gaussian`",)
    return example(ROLES.get(role.role, ""), None)


def bind(word: type[Word], arguments: tuple[tree.Argument, ...], span: Span) -> tuple[dict[str, tree.Argument], list[Diagnostic]]:
    """Arguments by name, and the faults of unknown, doubled and missing ones."""
    names, bound = list(fields_of(word)), {}
    faults: list[Diagnostic] = []
    free = iter(names)
    extra = ("given",) if word.network_fields() or word.role == "transform" else ()
    for argument in arguments:
        name = argument.name or next((name for name in free if name not in bound), None)
        place = argument.name_span or argument.span
        if name is None:
            kept = ", ".join(written(other) for other in arguments if other is not argument)
            faults.append(Diagnostic("FS205", f"`{word.word}` takes {_many(names)}", Label(argument.span, "one too many"), notes=(signature(word),) if names else (),
                                     fixes=(Fix("leave it out", span, f"{word.word}({kept})" if kept else word.word),)))  # fmt: skip
        elif name not in names and name not in extra:
            faults.append(_unknown_argument(word, name, (*names, *extra), place))
        elif name in bound:
            faults.append(Diagnostic("FS205", f"`{name}` is given twice", Label(place), (Label(bound[name].span, "first given here"),), help=("keep one of the two",)))
        else:
            bound[name] = argument
    missing = [name for name, field in word.model_fields.items() if field.is_required() and name not in bound]
    if missing and not faults:
        needed = ", ".join(f"`{name}`" for name in missing)
        values = {name: sample(meaning(fields_of(word)[name])) for name in missing}
        fixes = (Fix("write it, for example so", span, changed_call(word.word, bound, values)),) if all(values.values()) else ()
        wanted = () if fixes else example(meaning(fields_of(word)[missing[0]]), None)
        faults.append(Diagnostic("FS205", f"`{word.word}` needs {needed}", Label(span, "not given"), notes=(signature(word),), fixes=fixes,
                                 help=tuple(f"add `{missing[0]}`: {text}" for text in wanted)))  # fmt: skip
    return bound, faults


def written(argument: tree.Argument) -> str:
    """An argument as its author wrote it."""
    return (f"{argument.name}=" if argument.name else "") + write(argument.value)


def _many(names: list[str]) -> str:
    return "no arguments" if not names else f"{len(names)} argument{'s' if len(names) > 1 else ''}: " + ", ".join(names)


def _unknown_argument(word: type[Word], name: str, names: tuple[str, ...], span: Span) -> Diagnostic:
    near = nearest(name, names)
    label = f"did you mean `{near}`?" if near else ""
    fixes = (Fix(f"write `{near}`", span, near, safe=True),) if near else ()
    owner = next((other for other in Word.__subclasses__() for other in other.words.values() if other.role in (word.role, "setting") and name in other.model_fields), None)
    help = (f"`{name}` is an argument of `{owner.word}`",) if owner else ("leave it out, or write one of these names",)
    return Diagnostic("FS203", f"unknown argument `{name}` for `{word.word}`", Label(span, label), notes=() if near else (signature(word),),
                      fixes=fixes, help=() if near else help)  # fmt: skip

"""Writes grammar/vocabulary.md, the words of the language, from their declarations.

python tools/vocabulary.py            writes the page
python tools/vocabulary.py --check    exits with 1 when the page is out of date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import flowspec.vocabulary  # noqa: F401  (declares the words)
from flowspec.data import GENERATORS, SOURCES
from flowspec.elaborate.signatures import alternatives, fields_of, meaning, signature
from flowspec.vocabulary.rules import Facts, Fault, State
from flowspec.vocabulary.settings.energies import Energy
from flowspec.vocabulary.settings.optimizers import Optimizer
from flowspec.vocabulary.settings.runs import Setting
from flowspec.vocabulary.settings.schedules import Schedule
from flowspec.vocabulary.word import Input, Map, NetworkWord, Prior, Transform, Word

PAGE = Path(__file__).parents[1] / "grammar" / "vocabulary.md"
WIDE = 110
ROLES: tuple[tuple[str, str, type[Word]], ...] = (
    ("Inputs", "What the data, or a `context`, look like.", Input),
    (
        "Transforms",
        "Steps of a flow, in the normalising direction; each stands in the body of a `flow` or a `def`.",
        Transform,
    ),
    (
        "Maps",
        "Elementwise bijections, whose parameters a conditioner gives: the first argument of `coupling` and its kin.",
        Map,
    ),
    ("Networks", "Any functions, wherever a network is needed. The last width may be left out.", NetworkWord),
    ("Priors", "What ends a wire.", Prior),
    ("Settings", "Defaults of a run, in a flow's own body.", Setting),
    ("Optimizers", "`train(optimizer=…)`.", Optimizer),
    ("Schedules", "`train(schedule=…)`: a factor on the learning rate.", Schedule),
    (
        "Energies",
        "`train(target=…)`: densities known up to their constant, towards which a flow is trained by reverse KL. A `bound` adds a wall,"
        " sum_k max(0, |x_k| - bound)² to U.",
        Energy,
    ),
)
STATES = (State(shape=(16,)), State(shape=(4, 4, 4)), State(shape=(4, 4, 4), levels=256), State(shape=(1, 16)))
"""Vector, image, integers and sound, one of which every transform can stand on."""
COLUMNS = ("kind", "density", "sampling", "log_det", "volume")


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *(line for role in ROLES for line in _role(*role)), *_sources()])


def _head() -> Iterator[str]:
    yield "# The words"
    yield ""
    yield "Written by `python tools/vocabulary.py` from the declarations in `flowspec/vocabulary` and `flowspec/data`; the language that they stand in is"
    yield "described in [README.md](README.md). A signature gives each argument's values and, after `=`, its default."
    yield ""
    yield "| | words |"
    yield "|---|---|"
    for title, _, role in ROLES:
        yield f"| [{title}](#{_anchor(title)}) | {_links(title, sorted(role.words))} |"
    yield f"| [Data](#{_anchor('Data')}) | {_links('Data', SOURCES)} |"
    yield ""


def _links(title: str, names: Any) -> str:
    return ", ".join(f"[`{name}`](#{_target(title, name)})" for name in names)


def _anchor(title: str) -> str:
    return title.lower()


def _target(title: str, name: str) -> str:
    return f"{_anchor(title)}-{name}"


def _role(title: str, sentence: str, role: type[Word]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield sentence
    yield ""
    if role in (Transform, Map):
        yield from _facts_table(role)
    for name in sorted(role.words):
        yield from _entry(title, name, signature(role.words[name]), inspect.getdoc(role.words[name]) or "")


def _entry(title: str, name: str, call: str, text: str) -> Iterator[str]:
    yield f'<a id="{_target(title, name)}"></a>'
    yield f"### {name}"
    yield ""
    yield "```text"
    yield _broken(call)
    yield "```"
    yield ""
    yield _escaped(text)
    yield ""


def _broken(call: str) -> str:
    """A signature, one argument to a line where it is long."""
    if len(call) <= WIDE:
        return call
    name, arguments = call.removesuffix(")").split("(", 1)
    parts = re.split(r", (?=\w+: )", arguments)
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _escaped(text: str) -> str:
    """Prose as Markdown: outside of code no star or underscore marks anything up."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<|\[\]])", r"\\\1", part) for part in parts)


# ----------------------------------------------------------------------------------------------------------------- facts


def _facts_table(role: type[Word]) -> Iterator[str]:
    yield "Facts, over all choices of the arguments that decide them:" if role is Transform else "Facts, over all choices:"
    yield ""
    if role is Map:
        yield "| | inverse | log-det | volume |"
        yield "|---|---|---|---|"
        yield from (f"| `{name}` | {' | '.join(_each(found, column) for column in COLUMNS[2:])} |" for name, found in _all_facts(role))
    else:
        yield "| | kind | density | sampling | log-det | volume |"
        yield "|---|---|---|---|---|---|"
        yield from (
            f"| `{name}` | {' | '.join(_each(found, column) for column in COLUMNS)} |" for name, found in _all_facts(role)
        )
    yield ""


def _all_facts(role: type[Word]) -> Iterator[tuple[str, list[Facts]]]:
    for name in sorted(role.words):
        yield name, [facts for word in _variants(role.words[name]) if (facts := _facts(word)) is not None]


def _each(found: list[Facts], column: str) -> str:
    values = dict.fromkeys(getattr(facts, column) for facts in found)
    return " or ".join(values) or "see below"


def _facts(word: Word) -> Facts | None:
    if isinstance(word, Map):
        return word.facts()
    for state in STATES:
        try:
            word.outputs(state)
            return word.facts(state)
        except (Fault, AttributeError):
            continue
    return None


def _variants(word: type[Word]) -> Iterator[Word]:
    """The word with its defaults, then with each choice of each argument that has some, the required ones filled in."""
    required = {name: _example(hint) for name, hint in fields_of(word).items() if word.model_fields[name].is_required()}
    yield word.model_construct(**required)
    for name, hint in fields_of(word).items():
        for choice in _choices(hint):
            yield word.model_construct(**{**required, name: choice})


def _choices(hint: Any) -> list[Any]:
    found = []
    for choice in alternatives(hint):
        if choice == "network":
            found.append("network")
        elif get_origin(choice) is Literal:
            found += get_args(choice)
        elif choice is type(None):
            found.append(None)
        elif isinstance(choice, type) and issubclass(choice, Word):
            found += [
                word.model_construct()
                for word in choice.words.values()
                if not any(f.is_required() for f in word.model_fields.values())
            ]
    return found


def _example(hint: Any) -> Any:
    first = alternatives(hint)[0]
    return next(iter(_choices(hint)), (4, 4) if get_origin(first) is tuple else 16)


# ------------------------------------------------------------------------------------------------------------------ data


def _sources() -> Iterator[str]:
    yield "## Data"
    yield ""
    yield "Sources of data: `data(NAME(…))` in a spec, arguments by name. Each gives the same set for the same arguments."
    yield ""
    for name, source in SOURCES.items():
        yield from _entry("Data", name, _source_signature(name, source), _source_text(name, source))


def _source_signature(name: str, source: Callable[..., Any]) -> str:
    parameters = inspect.signature(source, eval_str=True).parameters.values()
    parts = (
        f"{p.name}: {_kind(p.annotation)}" + ("" if p.default is p.empty else f" = {_default(p.default)}")
        for p in parameters
    )
    return f"{name}({', '.join(parts)})"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Sequence:
        return "a list of numbers"
    parts = get_args(annotation) or (annotation,)
    return " or ".join("none" if part is type(None) else meaning(part) for part in parts if part is not Path)


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _source_text(name: str, source: Callable[..., Any]) -> str:
    described = GENERATORS.get(name) or getattr(source, "func", source)
    return inspect.getdoc(described) or ""


def main(arguments: list[str]) -> int:
    """Writes the page, or compares it: the exit status."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("grammar/vocabulary.md is out of date: run `python tools/vocabulary.py`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The tree of a text: every statement and expression, and where each is."""

from __future__ import annotations

import time

import pytest

from flowspec.source import Source
from flowspec.syntax import tree
from flowspec.syntax.parse import parse
from flowspec.syntax.write import write
from tests.syntax.specs import DENSEFLOW, SPECS, VAE, WIRES


def file_of(text: str) -> tree.File:
    """The tree of a text without faults."""
    file, faults = parse(Source("t.flow", text))
    assert faults == ()
    return file


def body(text: str) -> tuple[tree.Statement, ...]:
    """The statements of a flow with this body."""
    return file_of(f"flow f {{\n{text}\n}}").definitions[0].body.statements


def nodes(part: object) -> list[object]:
    """All nodes below a node, and the node."""
    if isinstance(part, tuple) and not hasattr(part, "file"):
        return [node for item in part for node in nodes(item)]
    names = getattr(part, "__slots__", ())
    return (
        [part, *(node for name in names for node in nodes(getattr(part, name)))] if names and hasattr(part, "span") else []
    )


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_specs_parse(text: str) -> None:
    assert file_of(text).definitions


def test_every_statement_has_its_node() -> None:
    kinds = [type(statement).__name__ for statement in file_of(WIRES).definitions[0].body.statements]
    assert kinds == [
        "Input",
        "Context",
        "Let",
        "Inverse",
        "Do",
        "On",
        "Merge",
        "Do",
        "If",
        "Expect",
        "Prior",
        "Settings",
        "Settings",
        "Settings",
    ]


def test_definitions_uses_and_comments() -> None:
    file = file_of(DENSEFLOW)
    assert [use.path.value for use in file.uses] == ["lib/glow.flow"]
    assert [(d.kind, d.name.name, [p.name for p in d.parameters]) for d in file.definitions] == [
        ("flow", "denseflow_74_10", []),
        ("def", "block", ["units", "modules", "growth"]),
    ]
    assert [text for _, text in file.comments] == ["# z_0"]


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_spans_start_and_end_with_their_construct(text: str) -> None:
    source = Source("t.flow", text)
    for node in nodes(file_of(text).definitions):
        excerpt = source.excerpt(node.span)
        assert excerpt == excerpt.strip() != ""
        if isinstance(node, tree.Name | tree.Call):
            assert excerpt.startswith(node.name)
        if isinstance(node, tree.Body) and not isinstance(node.statements[0], tree.If):
            assert excerpt[0] + excerpt[-1] == "{}"


@pytest.mark.parametrize("text", ["a\nb", "a;b", "a ; \n ; b", "\n\na # one\n# two\nb\n"])
def test_statements_end_at_newlines_and_semicolons(text: str) -> None:
    assert [write(step.value) for step in body(text) if isinstance(step, tree.Do)] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "f(\na,\nb\n)",
        "f(a\n, b)",
        "a\n>>\nb",
        "a\n# between\n>> b",
        "let x =\n 1 +\n 2",
        "if a { b }\n\nelse { c }",
        "repeat 2\n{\na\n}",
    ],
)
def test_newlines_inside_a_statement(text: str) -> None:
    assert len(body(text)) == 1


def test_outputs_and_bodies_of_a_step() -> None:
    one, two, combinator = body("a as x; split(half) as (b, c); residual { d; e }")
    assert [[name.name for name in step.names] for step in (one, two)] == [["x"], ["b", "c"]]
    assert combinator.body is not None and len(combinator.body.statements) == 2


def test_else_if_nests() -> None:
    (node,) = body("if a { b } else if c { d } else { e }")
    assert isinstance(node, tree.If) and node.otherwise is not None
    (nested,) = node.otherwise.statements
    assert isinstance(nested, tree.If) and nested.span == node.otherwise.span and nested.otherwise is not None


def test_phases_and_settings() -> None:
    train, sample = file_of(VAE).definitions[0].body.statements[-2:]
    assert isinstance(train, tree.Settings) and train.body is not None and isinstance(sample, tree.Settings)
    base, decoder = train.body.statements
    assert isinstance(base, tree.Phase) and base.arguments == ()
    assert [part.name for part in decoder.body.statements[0].parts] == ["vae", "prior_flow"]
    assert isinstance(sample.arguments[0].value, tree.Table)


def test_a_hundred_lines_take_little_time() -> None:
    source = Source("t.flow", "\n".join(SPECS["nanoflow"].replace("nanoflow", f"n{i}") for i in range(6)))
    parse(source)
    times = []
    for _ in range(5):
        start = time.process_time()
        parse(source)
        times.append(time.process_time() - start)
    assert min(times) < 0.05

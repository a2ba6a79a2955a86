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


def value(text: str) -> tree.Expression:
    """The tree of an expression."""
    (statement,) = body(f"let x = {text}")
    assert isinstance(statement, tree.Let)
    return statement.value


def nodes(part: object) -> list[object]:
    """All nodes below a node, and the node."""
    if isinstance(part, tuple) and not hasattr(part, "file"):
        return [node for item in part for node in nodes(item)]
    names = getattr(part, "__slots__", ())
    return [part, *(node for name in names for node in nodes(getattr(part, name)))] if names and hasattr(part, "span") else []


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_specs_parse(text: str) -> None:
    assert file_of(text).definitions


def test_every_statement_has_its_node() -> None:
    kinds = [type(statement).__name__ for statement in file_of(WIRES).definitions[0].body.statements]
    assert kinds == ["Input", "Context", "Let", "Inverse", "Do", "On", "Merge", "Do", "If", "Expect", "Prior", "Settings", "Settings",
                     "Settings"]  # fmt: skip


def test_definitions_uses_and_comments() -> None:
    file = file_of(DENSEFLOW)
    assert [use.path.value for use in file.uses] == ["lib/glow.flow"]
    assert [(d.kind, d.name.name, [p.name for p in d.parameters]) for d in file.definitions] == [
        ("flow", "denseflow_74_10", []), ("def", "block", ["units", "modules", "growth"])]  # fmt: skip
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


@pytest.mark.parametrize(
    "text",
    ["a", "-1", "(a + b)", "(a+b) * (c)", "f(x, k=v,)", "[1, 2]", "[a: 1,]", "x[1][:2]", "past[:-1]", "1 .. n", "a >>\n  b\n  >> c(1)",
     "f(\n  a # why\n)", "not a and b", "2 ^ -1", '"a b"', "true"],
)  # fmt: skip
def test_span_of_an_expression_is_its_text(text: str) -> None:
    source = Source("t.flow", f"flow f {{ let x = {text} ; y }}")
    file, faults = parse(source)
    let = file.definitions[0].body.statements[0]
    assert not faults and isinstance(let, tree.Let)
    assert source.excerpt(let.value.span) == text
    assert source.excerpt(let.span) == f"let x = {text}"


@pytest.mark.parametrize(
    ("text", "grouped"),
    [("1+2*3", "1+(2*3)"), ("a-b-c", "(a-b)-c"), ("2^3^4", "2^(3^4)"), ("-a^2", "-(a^2)"), ("2^-1", "2^(-1)"), ("1..n+1", "1..(n+1)"),
     ("not a == b", "not (a == b)"), ("a or b and c", "a or (b and c)"), ("a+b[0]", "a+(b[0])"), ("a//b%c", "(a//b)%c"),
     ("f(a) >> g + 1", "f(a) >> (g+1)")],
)  # fmt: skip
def test_operators_bind_as_in_mathematics(text: str, grouped: str) -> None:
    assert write(value(text)) == write(value(grouped)) == text.replace(" + ", "+")
    assert write(value(grouped)) != grouped


@pytest.mark.parametrize(("text", "number"), [("130_647_294", 130647294), ("0.5", 0.5), ("1e-4", 1e-4), ("2E3", 2000.0)])
def test_numbers(text: str, number: float) -> None:
    node = value(text)
    assert isinstance(node, tree.Number) and node.value == number and type(node.value) is type(number)


def test_range_of_whole_numbers() -> None:
    node = value("1..3")
    assert isinstance(node, tree.Range) and (node.low, node.high) == (tree.Number(node.low.span, 1), tree.Number(node.high.span, 3))


@pytest.mark.parametrize("word", ["prior", "input", "data", "sample", "train", "in", "as", "use", "flow", "if", "merge"])
def test_keywords_name_arguments(word: str) -> None:
    (step,) = body(f"split(half, {word}=gaussian)")
    assert isinstance(step, tree.Do) and isinstance(step.value, tree.Call)
    assert step.value.arguments[1].name == word


def test_sharing_reads_as_written() -> None:
    node = value("share(estimator, across=K, embed=concat+bias+gate)")
    assert isinstance(node, tree.Call) and isinstance(node.arguments[2].value, tree.Binary)
    assert write(node) == "share(estimator, across=K, embed=concat+bias+gate)"


@pytest.mark.parametrize("text", ["a\nb", "a;b", "a ; \n ; b", "\n\na # one\n# two\nb\n"])
def test_statements_end_at_newlines_and_semicolons(text: str) -> None:
    assert [write(step.value) for step in body(text) if isinstance(step, tree.Do)] == ["a", "b"]


@pytest.mark.parametrize("text", ["f(\na,\nb\n)", "f(a\n, b)", "a\n>>\nb", "a\n# between\n>> b", "let x =\n 1 +\n 2", "if a { b }\n\nelse { c }", "repeat 2\n{\na\n}"])
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
        start = time.perf_counter()
        parse(source)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1

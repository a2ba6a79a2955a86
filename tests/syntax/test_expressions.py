"""Expressions: how they group, and where they start and end."""

from __future__ import annotations

import pytest

from flowspec.source import Source
from flowspec.syntax import tree
from flowspec.syntax.format import format_text
from flowspec.syntax.parse import parse
from flowspec.syntax.words import KEYWORDS
from flowspec.syntax.write import write
from tests.syntax.test_parse import body


def value(text: str) -> tree.Expression:
    """The tree of an expression."""
    (statement,) = body(f"let x = {text}")
    assert isinstance(statement, tree.Let)
    return statement.value


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "-1",
        "(a + b)",
        "(a+b) * (c)",
        "f(x, k=v,)",
        "[1, 2]",
        "[a: 1,]",
        "x[1][:2]",
        "past[:-1]",
        "1 .. n",
        "a >>\n  b\n  >> c(1)",
        "f(\n  a # why\n)",
        "not a and b",
        "2 ^ -1",
        '"a b"',
        "true",
    ],
)
def test_span_of_an_expression_is_its_text(text: str) -> None:
    source = Source("t.flow", f"flow f {{ let x = {text} ; y }}")
    file, faults = parse(source)
    let = file.definitions[0].body.statements[0]
    assert not faults and isinstance(let, tree.Let)
    assert source.excerpt(let.value.span) == text
    assert source.excerpt(let.span) == f"let x = {text}"


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1+2*3", "1+(2*3)"),
        ("a-b-c", "(a-b)-c"),
        ("2^3^4", "2^(3^4)"),
        ("-a^2", "-(a^2)"),
        ("2^-1", "2^(-1)"),
        ("1..n+1", "1..(n+1)"),
        ("not a == b", "not (a == b)"),
        ("a or b and c", "a or (b and c)"),
        ("a+b[0]", "a+(b[0])"),
        ("a//b%c", "(a//b)%c"),
        ("f(a) >> g + 1", "f(a) >> (g+1)"),
    ],
)
def test_operators_bind_as_in_mathematics(text: str, grouped: str) -> None:
    assert write(value(text)) == write(value(grouped)) == text.replace(" + ", "+")
    assert write(value(grouped)) != grouped


@pytest.mark.parametrize(("text", "number"), [("130_647_294", 130647294), ("0.5", 0.5), ("1e-4", 1e-4), ("2E3", 2000.0)])
def test_numbers(text: str, number: float) -> None:
    node = value(text)
    assert isinstance(node, tree.Number) and node.value == number and type(node.value) is type(number)


def test_range_of_whole_numbers() -> None:
    node = value("1..3")
    assert isinstance(node, tree.Range) and (node.low, node.high) == (
        tree.Number(node.low.span, 1),
        tree.Number(node.high.span, 3),
    )


@pytest.mark.parametrize("word", ["prior", "input", "data", "sample", "train", "in", "as", "use", "flow", "if", "merge"])
def test_keywords_name_arguments(word: str) -> None:
    (step,) = body(f"split(half, {word}=gaussian)")
    assert isinstance(step, tree.Do) and isinstance(step.value, tree.Call)
    assert step.value.arguments[1].name == word


@pytest.mark.parametrize("word", [keyword.lower() for keyword in sorted(KEYWORDS)])
@pytest.mark.parametrize("text", ["{}", "[a, {}]", "f(x={})", "{}+b", "{} == a", "({})[0]", "a >> {}", "{}(3)", "-f({})"])
def test_keywords_are_names_where_only_a_value_can_stand(word: str, text: str) -> None:
    assert write(value(text.format(word))) == write(value(text.format("name"))).replace("name", word)


@pytest.mark.parametrize("text", ["(data)", "(data >> a)", "(train)[0] + 1", "(if(3) >> a)", "(in)..3 as x", "(as) { a }"])
def test_a_statement_that_begins_with_such_a_name_keeps_its_brackets(text: str) -> None:
    once = format_text(Source("t.flow", f"net n {{ {text} }}"))
    assert format_text(Source("t.flow", once)) == once and "(" in once


def test_sharing_reads_as_written() -> None:
    node = value("share(estimator, across=K, embed=concat+bias+gate)")
    assert isinstance(node, tree.Call) and isinstance(node.arguments[2].value, tree.Binary)
    assert write(node) == "share(estimator, across=K, embed=concat+bias+gate)"

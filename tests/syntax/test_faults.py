"""Faults of the text: each is told once, in plain words, where it is."""

from __future__ import annotations

import re

import pytest

from flowspec.diagnostics import Diagnostic
from flowspec.source import Source
from flowspec.syntax import tree
from flowspec.syntax.limits import DEEPEST, LARGEST_FILE
from flowspec.syntax.parse import parse


def faults(text: str) -> tuple[Diagnostic, ...]:
    """The faults of a text."""
    return parse(Source("t.flow", text))[1]


def only(text: str) -> tuple[Diagnostic, str]:
    """The one fault of a text, and the text it marks."""
    (fault,) = faults(text)
    return fault, text[fault.primary.span.start : fault.primary.span.end]


STATEMENTS = [
    ("f(a b)", "FS101", "b", "`b` cannot stand here after `a`"),
    ("repaet 3", "FS101", "repaet", "`repaet` is not a keyword"),
    ("reverse 3", "FS101", "3", "`3` cannot stand here after `reverse`"),
    ("x = 3", "FS101", "=", "`=` cannot stand here"),
    ("expect 0 < a < 1", "FS101", "<", "a comparison has two sides only"),
    ("repeat 3 { a } ]", "FS103", "]", "`]` closes nothing"),
    ("f(a; b)", "FS101", ";", "`;` cannot stand here after `a`"),
    ("coupling(affine, cnn(3)", "FS102", "(", "`(` is never closed"),
    ("let x = [1, 2", "FS102", "[", "`[` is never closed"),
    ("repeat (3 { a }", "FS102", "(", "`(` is never closed"),
    ("squeeze(2))", "FS103", ")", "`)` closes nothing"),
    ("let x = [1, 2)", "FS103", ")", "`[` is closed by `)`"),
    ("let prior = 3", "FS104", "prior", "`prior` is a reserved word and cannot be used as a name"),
    ("split(half) as (prior, b)", "FS104", "prior", "`prior` is a reserved word and cannot be used as a name"),
    ("merge(a, data)", "FS104", "data", "`data` is a reserved word and cannot be used as a name"),
    ("for in in 1..3 { a }", "FS104", "in", "`in` is a reserved word and cannot be used as a name"),
    ("a @ b", "FS105", "@", "`@` (commercial at) has no meaning here"),
    ("f(“a”)", "FS105", "“a”", 'strings are written with straight quotes `"`, not with `“` and `”`'),
    ("expect a ≥ b", "FS105", "≥", "`≥` (greater-than or equal to) has no meaning here"),
    ("a\u200b", "FS105", "\u200b", "an invisible character (zero width space) has no meaning here"),
    ('f("abc)', "FS106", '"abc)', 'the closing `"` of a string is missing'),
    ("f(3x)", "FS108", "3x", "`3x` is neither a number nor a name"),
    ("f(1.)", "FS108", "1.", "`1.` is neither a number nor a name"),
    ("f(.5)", "FS108", ".5", "`.5` is neither a number nor a name"),
    ("f(1__0)", "FS108", "1__0", "`1__0` is neither a number nor a name"),
    ("f(1e999)", "FS108", "1e999", "this number is too large or too long"),
    (f"f({'9' * 5000})", "FS108", "9" * 5000, "this number is too large or too long"),
    ('use "a.flow"', "FS109", "use", "`use` cannot stand inside a body"),
    ("else { a }", "FS109", "else", "`else` has no `if` before it"),
    ("let x =", "FS110", "", "a value is missing after `=`"),
    ("f(a, k=)", "FS110", ")", "a value is missing after `=`"),
    ("a >>", "FS110", "}", "a value is missing after `>>`"),
    ("tap", "FS110", "", "a name is missing after `tap`"),
    ("a as", "FS110", "", "a name is missing after `as`"),
    ("repeat 3", "FS110", "", "a body is missing after `3`"),
]


@pytest.mark.parametrize(("statement", "code", "marked", "message"), STATEMENTS, ids=[case[0][:20] for case in STATEMENTS])
def test_a_faulty_statement_is_told_once_and_costs_itself_alone(
    statement: str, code: str, marked: str, message: str
) -> None:
    text = f"flow f {{\n    before\n    {statement}\n    prior gaussian\n}}\n"
    if marked == "}":  # what follows is read as the rest of the statement
        text = f"flow f {{\n    before\n    {statement}\n}}\n"
    fault, found = only(text)
    assert (fault.code, fault.message, found) == (code, message, marked)
    kinds = [type(node) for node in parse(Source("t.flow", text))[0].definitions[0].body.statements]
    assert kinds[0] is tree.Do and tree.Skipped in kinds
    assert kinds[-1] is (tree.Skipped if marked == "}" else tree.Prior)


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("input x", "FS109", "input"),
        ("actnorm", "FS109", "actnorm"),
        ("flow f {\n a\n", "FS102", "{"),
        ("flow f { a } }", "FS103", "}"),
        ("", "FS107", ""),
        ("# nothing\n\n", "FS107", ""),
        ("flow", "FS110", ""),
        ("flow f", "FS110", ""),
        ("use x", "FS101", "x"),
        ("flow prior { a }", "FS104", "prior"),
        ("flwo f { a }", "FS101", "flwo"),
        ("net a { b } net c { d }", "FS101", "net"),
        ("def f(data) { a }", "FS104", "data"),
        ("def f(a, data=3) { a }", "FS104", "data"),
    ],
)
def test_faults_at_the_top_level(text: str, code: str, marked: str) -> None:
    fault, found = only(text)
    assert (fault.code, found) == (code, marked)


def test_five_faults_on_five_lines() -> None:
    text = "flow f {\n  a b\n  let = 3\n  f(1\n  x @ y\n  tap\n  prior gaussian\n}\n"
    found = faults(text)
    assert [Source("t", text).position(fault.primary.span.start)[0] for fault in found] == [2, 3, 4, 5, 6]
    assert [fault.code for fault in found] == ["FS101", "FS110", "FS102", "FS105", "FS110"]


def test_two_statements_on_a_line_are_both_read() -> None:
    text = "flow f { repeat 3 { a } b }"
    fault, found = only(text)
    assert (fault.code, fault.message, found) == ("FS101", "`b` cannot stand here after `}`", "b")
    assert fault.primary.text == "expected a new line or `}`"
    assert [type(node) for node in parse(Source("t.flow", text))[0].definitions[0].body.statements] == [tree.Repeat, tree.Do]


def test_one_statement_has_one_fault() -> None:
    assert len(faults("flow f { a b c @ 3x ) = 4 }")) == 1


def test_a_body_is_read_though_its_head_is_faulty() -> None:
    assert [fault.code for fault in faults("flow f(a=, b) {\n repeat @ {\n  a b\n }\n c\n}")] == ["FS110", "FS105", "FS101"]


def test_a_definition_after_an_unclosed_block_is_kept() -> None:
    file, found = parse(Source("t.flow", "flow f {\n    repeat 2 {\n        a\n}\n\nnet g { b }\n"))
    assert [definition.name.name for definition in file.definitions] == ["f", "g"]
    assert [(fault.code, fault.primary.span.start) for fault in found] == [("FS102", 22)]


def test_an_unclosed_bracket_shows_where_it_should_have_ended() -> None:
    text = "flow f {\n    f(a, g(3)\n    prior gaussian\n}"
    fault, _ = only(text)
    assert text[: fault.secondary[0].span.start].endswith("g(3)")


def test_a_mismatched_bracket_does_not_take_the_next_lines_with_it() -> None:
    file, found = parse(Source("t.flow", "flow f {\n    f([1, 2)\n    a\n    b\n}"))
    assert [fault.code for fault in found] == ["FS103"]
    assert [type(node) for node in file.definitions[0].body.statements] == [tree.Skipped, tree.Do, tree.Do]


def test_smart_quotes_have_a_safe_fix() -> None:
    fault, _ = only("flow f { f(“a”) }")
    (fix,) = fault.fixes
    assert fix.safe and fix.text == '"a"'


@pytest.mark.parametrize(
    "deep",
    [
        "(" * 500 + "a" + ")" * 500,
        "a+" * 500 + "a",
        "-" * 500 + "a",
        "a" + "[0]" * 500,
        "if a { } else " * 500 + "{ }",
        "f(" * 500,
        "repeat 2 {" * 500,
        "2^" * 500 + "2",
    ],
)
def test_deep_nesting_is_refused(deep: str) -> None:
    assert [fault.code for fault in faults(f"flow f {{ {deep} }}")] == ["FS801"]


def test_width_is_not_depth() -> None:
    items = ", ".join(["-1+2*f(3)"] * 10 * DEEPEST)
    assert faults(f"flow f {{ f([{items}]) }}") == ()


def test_large_files_are_refused() -> None:
    fault, _ = only("#" * (LARGEST_FILE + 1))
    assert fault.code == "FS802"


def test_messages_speak_of_the_language_only() -> None:
    for case in STATEMENTS:
        for fault in faults(f"flow f {{\n{case[0]}\n}}"):
            said = " ".join([fault.message, fault.primary.text, *fault.help])
            assert not re.search(r"\b[A-Z]{3,}\b|token|\$END|_", said.replace(case[2], "")) or case[1] == "FS108"

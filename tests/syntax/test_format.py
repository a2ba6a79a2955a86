"""The formatter: one spelling, nothing lost, and nothing left to do after it."""

from __future__ import annotations

import re

import pytest

from flowspec.diagnostics import SpecError
from flowspec.source import Source
from flowspec.syntax import format as formatting
from flowspec.syntax.breaking import WIDTH
from flowspec.syntax.format import format_text
from tests.syntax.specs import SPECS


def formatted(text: str) -> str:
    """The canonical text, which formatting leaves as it is."""
    once = format_text(Source("t.flow", text))
    assert format_text(Source("t.flow", once)) == once
    return once


def line(text: str) -> str:
    """The canonical text of one statement."""
    return (
        formatted(f"flow f {{\n{text}\n}}").removeprefix("flow f {\n").removesuffix("\n}\n").replace("\n    ", "\n").strip()
    )


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_canonical_specs_stay_as_they_are(text: str) -> None:
    assert formatted(text) == text


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_spaces_make_no_difference(text: str) -> None:
    lines = (line.partition("#") for line in text.replace("    ", "\t").split("\n"))
    spaced = (re.sub(r"([(),+*]|(?<![=!<>])=(?!=))", r" \1 ", code) + mark + comment for code, mark, comment in lines)
    assert formatted("  \r\n".join(spaced)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("f( a,k = 1_000 , )", "f(a, k=1_000)"),
        ("let x=((a + b)*(c - (d - e)))^-2^(3)", "let x = ((a+b)*(c-(d-e)))^-2^3"),
        ("expect not(a==b)and c>=1 .. 2", "expect not a == b and c >= 1..2"),
        ("let x = (a>>b) >> c", "let x = (a >> b) >> c"),
        ("let x = [ a : 1, b:-2 ]", "let x = [a: 1, b: -2]"),
        ("let x = (a)[ 1 ][ : -1]", "let x = a[1][:-1]"),
        ("a;b ;\n\n\n\n c", "a; b\n\nc"),
        ("repeat 3{a;b}", "repeat 3 { a; b }"),
        ("repeat 3 {a\nb}", "repeat 3 {\n    a\n    b\n}"),
        ("if a {b}\nelse {\nc}", "if a {\n    b\n} else {\n    c\n}"),
        ("split(half)as( a,b )", "split(half) as (a, b)"),
        ("train( ) ; data()", "train(); data()"),
        ("train{phase a(x=1){freeze b,c}}", "train { phase a(x=1) { freeze b, c } }"),
        ("repeat 2 { }", "repeat 2 { }"),
        ("tap  x [ ]", "tap x[]"),
        ("merge( a,b, )", "merge(a, b)"),
        ('f( "a  b" )', 'f("a  b")'),
    ],
)
def test_one_spelling(text: str, canonical: str) -> None:
    assert line(text) == canonical


def test_comments_stay_beside_what_they_are_about() -> None:
    text = "#a\n\n\nuse 'x'\n".replace("'", '"') + "flow f{#b\n#c\n\n\na#d\n#e\nrepeat 2 {\nb; c # f\n}#g\n#h\n}\n#i"
    head = '#a\n\nuse "x"\nflow f {  #b\n    #c\n\n    a  #d\n'
    assert formatted(text) == head + "    #e\n    repeat 2 {\n        b; c  # f\n    }  #g\n    #h\n}\n#i\n"


def test_a_statement_with_comments_inside_keeps_its_lines() -> None:
    assert line("f(a,  # first\n  b)") == "f(a,  # first\n  b)"


def test_long_lines_are_broken() -> None:
    names = ", ".join(f"argument_{i}=value_{i}" for i in range(6))
    text = line(f"something({names})")
    assert text.startswith("something(\n    argument_0=value_0,\n") and text.endswith("=value_5\n)")
    chain = line(" >> ".join(f"a_long_network(width={i})" for i in range(6)))
    assert chain.split("\n")[1] == "    >> a_long_network(width=1)"
    assert all(len(row) <= WIDTH for row in (text + chain).split("\n"))


def test_a_short_body_that_is_too_long_is_opened() -> None:
    assert line("repeat 2 { " + "; ".join(["coupling(affine)"] * 6) + " }").startswith(
        "repeat 2 {\n    coupling(affine); coupling"
    )


def test_a_faulty_text_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        format_text(Source("t.flow", "flow f { a b }"))
    assert [fault.code for fault in caught.value.diagnostics] == ["FS101"]


def test_a_text_that_would_change_its_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatting.Printer, "print", lambda printer: "flow f { b }\n")
    with pytest.raises(SpecError) as caught:
        format_text(Source("t.flow", "flow f { a }\n"))
    assert [fault.code for fault in caught.value.diagnostics] == ["FS190"]

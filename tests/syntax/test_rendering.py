"""Diagnostics as people and programs see them."""

from __future__ import annotations

import io
import json

from rich.console import Console

from flowspec.diagnostics import Diagnostic, Fix, Label
from flowspec.rendering import github, jsonl, text
from flowspec.rendering.terminal import render_terminal
from flowspec.source import Source, Span

SPEC = Source(
    "specs/a.flow",
    "flow a {\n    squeeze(2)\n    block(units=6, growth=10); split(half)\n    # wide\n\n    conv1x1(channels=128)\n}\n",
)
LIBRARY = Source("lib/b.flow", "def block { x }\n")
SOURCES = {source.name: source for source in (SPEC, LIBRARY)}


def span(words: str, source: Source = SPEC) -> Span:
    """The place of some words."""
    start = source.text.index(words)
    return Span(source.name, start, start + len(words))


FAULT = Diagnostic(
    "FS301",
    "dimension mismatch: `conv1x1` is declared for 128 channels, 124 arrive",
    Label(span("channels=128"), "expected 124, found 128"),
    (
        Label(span("growth=10"), "10 noise channels"),
        Label(span("split(half)"), "keeps 31 of 62"),
        Label(span("def", LIBRARY), "defined here"),
    ),
    ("path: input 3 -> squeeze 12\n-> conv1x1 128",),
    ("leave the argument out",),
    (
        Fix("leave the argument out", span("channels=128"), "", safe=True),
        Fix("use 124", span("channels=128"), "channels=124"),
    ),
    (Label(span("flow a"), "flow `a`"), Label(span("def", LIBRARY), "")),
)


def test_text() -> None:
    assert (
        text.render([FAULT], SOURCES)
        == """\
error[FS301]: dimension mismatch: `conv1x1` is declared for 128 channels, 124 arrive
 --> specs/a.flow:6:13
  |
3 |     block(units=6, growth=10); split(half)
  |                    ---------   ----------- keeps 31 of 62
  |                    10 noise channels
...
6 |     conv1x1(channels=128)
  |             ^^^^^^^^^^^^ expected 124, found 128
 ::: lib/b.flow:1
  |
1 | def block { x }
  | --- defined here
  |
  = reached through: flow `a` (specs/a.flow:1:1)
  = reached through: lib/b.flow:1:1
  = note: path: input 3 -> squeeze 12
        -> conv1x1 128
  = help: leave the argument out  [fix: safe]
        conv1x1()
  = help: use 124  [fix: unsafe]
        conv1x1(channels=124)
  = help: leave the argument out"""
    )


def shown(source: Source, *labels: Label) -> list[str]:
    """The excerpt of a fault with these labels, the first of which is the fault itself."""
    fault = Diagnostic("FS101", "wrong", labels[0], labels[1:])
    return text.render([fault], {source.name: source}).split("\n")[3:]


def test_tabs_and_wide_characters_keep_the_marks_in_place() -> None:
    source = Source("t", "\ta 中文 b\tc")
    lines = shown(source, Label(Span("t", 3, 5), "here"), Label(Span("t", 8, 9)))
    assert lines == ["1 |     a 中文 b    c", "  |       ^^^^      -", "  |       here"]


def test_three_labels_on_a_line_are_told_from_right_to_left() -> None:
    source = Source("t", "one two three")
    labels = (Label(Span("t", 8, 13), "c"), Label(Span("t", 4, 7), "b"), Label(Span("t", 0, 3), "a"))
    assert shown(source, *labels) == ["1 | one two three", "  | --- --- ^^^^^ c", "  | |   b", "  | a"]


def test_a_fault_inside_a_longer_label() -> None:
    source = Source("t", "one two three")
    assert shown(source, Label(Span("t", 4, 7), "b"), Label(Span("t", 0, 13), "a")) == [
        "1 | one two three",
        "  | ----^^^------",
        "  | |   b",
        "  | a",
    ]


def test_a_long_span_is_shown_to_the_end_of_its_first_line() -> None:
    source = Source("t", "flow {\n  a\n}")
    assert shown(source, Label(Span("t", 0, 12), "all")) == ["1 | flow {", "  | ^^^^^^ all"]


def test_an_empty_span_still_has_a_mark() -> None:
    assert shown(Source("t", "let x ="), Label(Span("t", 7, 7))) == ["1 | let x =", "  |        ^"]
    assert shown(Source("t", ""), Label(Span("t", 0, 0))) == ["1 |", "  | ^"]


def test_characters_that_act_on_a_terminal_are_not_passed_on() -> None:
    fault = Diagnostic("FS105", "bad \x1b[31m", Label(Span("t", 0, 1)))
    assert "\x1b" not in text.render([fault], {"t": Source("t", "\x1b[31m")})


def test_a_fault_without_its_source_names_the_file() -> None:
    assert text.render([FAULT], {}).split("\n")[1] == " --> specs/a.flow"


def test_two_faults_are_apart() -> None:
    assert text.render([FAULT, FAULT], SOURCES).count("\n\nerror[FS301]") == 1
    assert text.render([], SOURCES) == ""


def test_terminal_text_is_the_plain_text_in_colour() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    render_terminal([FAULT], SOURCES, Console(file=plain, width=40))
    render_terminal([FAULT], SOURCES, Console(file=coloured, width=40, force_terminal=True))
    assert plain.getvalue() == text.render([FAULT], SOURCES) + "\n"
    assert "\x1b[" in coloured.getvalue()


def test_json_lines() -> None:
    (row,) = map(json.loads, jsonl.render([FAULT], SOURCES).split("\n"))
    assert (row["schema"], row["code"], row["severity"], row["file"]) == (1, "FS301", "error", "specs/a.flow")
    assert (row["line"], row["column"], row["end_line"], row["end_column"]) == (6, 13, 6, 25)
    assert [label["line"] for label in row["labels"]] == [6, 3, 3, 1]
    assert [label["file"] for label in row["labels"]] == ["specs/a.flow"] * 3 + ["lib/b.flow"]
    assert [(fix["text"], fix["safe"]) for fix in row["fixes"]] == [("", True), ("channels=124", False)]
    assert row["notes"] == list(FAULT.notes) and row["help"] == list(FAULT.help) and len(row["chain"]) == 2


def test_github_commands() -> None:
    fault = Diagnostic("FS301", "100% wrong\nhere", Label(Span("a,b:c.flow", 0, 4), "see"))
    sources = {"a,b:c.flow": Source("a,b:c.flow", "flow\n")}
    assert (
        github.render([fault], sources)
        == "::error file=a%2Cb%3Ac.flow,line=1,col=1,endColumn=5,title=FS301::100%25 wrong%0Ahere; see"
    )
    long = Diagnostic("FS102", "open", Label(Span("t", 0, 3)))
    assert github.render([long], {"t": Source("t", "{\n}")}) == "::error file=t,line=1,endLine=2,title=FS102::open"

"""Every state in which the parser can stop has words: whatever stands there, the message says what was found and what is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from lark.exceptions import UnexpectedToken

from flowspec.source import Source, Span
from flowspec.syntax.forms import FORMS, form
from flowspec.syntax.grammar import load_parser
from flowspec.syntax.lexing import Lexeme
from flowspec.syntax.parse import parse
from flowspec.syntax.wording import Stop, explain
from flowspec.syntax.words import KEYWORDS, WORDS, describe

SPELLED = {name: words.strip("`") for name, words in WORDS.items()} | {"SEP": "\n", "NAME": "a", "WORD": "data", "NUMBER": "3", "TEXT": '"a"', "$END": ""}
TECHNICAL = re.compile(r"\b[A-Z]{2,}\b|\$END|__|token|parser")
NEAR = 2
"""States below the top of the stack by which one way into a state is told from another."""


def lexeme(kind: str, at: int) -> Lexeme:
    text = SPELLED[kind]
    return Lexeme(kind, text, Span("t.flow", 2 * at, 2 * at + len(text)))


@cache
def stops() -> tuple[tuple[int, Stop], ...]:
    """Every state in which some lexeme cannot be taken, on the shortest way there, with each such lexeme."""
    return tuple(_stops())


def _stops() -> Iterator[tuple[int, Stop]]:
    start = load_parser().parse_interactive()
    accepted: dict[tuple[int, ...], set[str]] = {}
    waiting, seen = [(start, None)], {tuple(start.parser_state.state_stack)}
    for parser, before in waiting:
        at = before.span.end if before else 0
        for found in (lexeme(kind, at) for kind in SPELLED):
            after = parser.copy()
            try:
                after.feed_token(found)
            except UnexpectedToken:
                state, stack = after.parser_state, tuple(after.parser_state.state_stack)
                accepted[stack] = accepted.get(stack) or after.accepts()
                yield stack[-1], Stop(found, before, accepted[stack], form(state.value_stack))
                continue
            way = tuple(after.parser_state.state_stack[-NEAR:])
            if found.type != "$END" and way not in seen:
                seen.add(way)
                waiting.append((after, found))


def said(stop: Stop) -> list[str]:
    fault = explain(stop)
    return [fault.message, fault.primary.text, *fault.help, *(fix.title for fix in fault.fixes)]


def test_every_state_has_a_written_message() -> None:
    assert len({state for state, _ in stops()}) > 150
    for _, stop in stops():
        words = said(stop)
        assert words[0] and any(words[1:]), stop
        assert not any(TECHNICAL.search(text) for text in words), (words, stop)
        assert describe(stop.accepted)


def test_every_keyword_and_bracket_has_a_form_that_is_met() -> None:
    met = {stop.form for _, stop in stops()}
    assert met == set(FORMS.values())
    assert KEYWORDS - {"IN"} <= set(FORMS)


@pytest.mark.parametrize("key", FORMS)
def test_forms_can_be_read(key: str) -> None:
    text = FORMS[key].example.replace("…", "")
    at_top, in_body = f"{text} {{ }}" if key == "parameters" else text, f"flow f {{ {text} }}"
    whole = {"parameters": f"def f{text} {{ }}", "list": f"flow f {{ let x = {text} }}"}.get(key)
    faults = [parse(Source("t.flow", candidate))[1] for candidate in ([whole] if whole else [at_top, in_body])]
    assert () in faults



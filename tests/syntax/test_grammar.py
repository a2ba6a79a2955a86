"""The grammar: no clashes, words for every place, and a cache that helps but is never needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowspec.syntax import grammar
from flowspec.syntax.words import KEYWORDS, LEADING, OPERATORS, RESERVED, WORDS, describe

UNUSED = {"SKIPPED", "SKIPPED_HEAD", "NEWLINE", "COMMENT", "BAD_NUMBER", "BAD_TEXT", "SMART_QUOTES", "BAD_CHARACTER"}


def test_no_two_rules_or_terminals_clash() -> None:
    pytest.importorskip("interegular")
    grammar.make_parser(grammar.grammar_text(), strict=True)


def test_every_terminal_has_words() -> None:
    terminals = {terminal.name for terminal in grammar.load_parser().terminals} - UNUSED
    assert {name for name in terminals if not name.startswith("__")} <= set(WORDS)
    assert RESERVED <= set(WORDS) and KEYWORDS | LEADING <= RESERVED and OPERATORS <= set(WORDS)


def test_words_are_those_of_the_grammar() -> None:
    for terminal in grammar.load_parser().terminals:
        if terminal.pattern.type == "str":
            assert WORDS[terminal.name] == f"`{terminal.pattern.value}`"


def test_every_state_of_the_parser_says_what_it_expects() -> None:
    table = grammar.load_parser().parser.parser._parse_table
    states = [accepted for state, accepted in table.states.items() if state not in table.end_states.values()]
    assert len(states) > 100
    for accepted in states:
        words = describe(accepted)
        assert words and not set(words.replace("`", "").replace(",", "").split()) & {*WORDS, *UNUSED}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_the_cache_holds_the_parser(fresh: Path) -> None:
    grammar.load_parser.__wrapped__()
    (kept,) = (fresh / "flowspec").iterdir()
    before = kept.stat().st_mtime_ns
    assert grammar._kept(kept) is not None
    grammar.load_parser.__wrapped__()
    assert kept.stat().st_mtime_ns == before


def test_a_spoilt_cache_is_made_again(fresh: Path) -> None:
    grammar.load_parser.__wrapped__()
    (kept,) = (fresh / "flowspec").iterdir()
    kept.write_bytes(b"spoilt")
    grammar.load_parser.__wrapped__()
    assert grammar._kept(kept) is not None


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert grammar.load_parser.__wrapped__() is not None

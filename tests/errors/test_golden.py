"""The full text of one message for each code, as `tools/errors.py --update` has written it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import flowspec.vocabulary
from flowspec.codes import codes
from flowspec.rendering.text import render
from tests.errors.corpus import CASES, FOLDER, expected, faults
from tests.errors.elsewhere import ELSEWHERE, error_of

VOCABULARY = Path(flowspec.vocabulary.__file__).parent
GOLDEN = Path(__file__).parent / "golden"
TECHNICAL = re.compile(r"\b(token|parser|pydantic|torch|Traceback|NoneType|RPAR|LBRACE|SEP|None|True|False)\b")


def golden() -> dict[str, Path]:
    """For each code its case: the first, by name, that has this fault alone."""
    found: dict[str, Path] = {}
    for path in CASES:
        codes = {fault.code for fault in expected(path)}
        if len(codes) == 1:
            found.setdefault(codes.pop(), path)
    return found


def messages() -> dict[str, str]:
    """The full message of every code."""
    of_cases = {code: shown(path) for code, path in golden().items()}
    return of_cases | {code: render(error.diagnostics, error.sources) + "\n" for code in ELSEWHERE for error in [error_of(code)]}


def shown(path: Path) -> str:
    """The messages of a case."""
    return render(*faults(path)).replace(f"{FOLDER}/", "") + "\n"


@pytest.mark.parametrize(("code", "message"), sorted(messages().items()))
def test_the_message_of_a_code_is_as_it_was(code: str, message: str) -> None:
    assert message == (GOLDEN / f"{code}.txt").read_text(encoding="utf-8")


def test_every_code_has_a_golden_message() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(messages()) == set(codes())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_messages_speak_of_the_language_only(path: Path) -> None:
    assert not TECHNICAL.search(shown(path).replace(path.read_text(encoding="utf-8"), ""))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_message_says_more_than_where(path: Path) -> None:
    """A label, a second place, a note, a help or a fix: never the bare message."""
    for fault in faults(path)[0]:
        assert fault.primary.text or fault.secondary or fault.notes or fault.help or fault.fixes or fault.chain, fault.message


def test_every_rule_of_a_word_says_what_would_mend_it() -> None:
    """A word's own faults: each has a help, or notes that explain it."""
    for path in sorted(VOCABULARY.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Fault":
                assert {"help", "notes", "arguments", "before", "instead"} & {keyword.arg for keyword in call.keywords}, f"{path}:{call.lineno}"

"""The language's page: each of its examples compiles, and together they use every statement."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowspec.syntax.grammar import grammar_text
from tests.spec_text import compiled

PAGE = Path(__file__).parents[1] / "grammar" / "README.md"
EXAMPLES = re.findall(r"^```flow\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
EXPRESSIONS = {"in", "as", "true", "false", "and", "or", "not"}
"""Keywords that begin no statement."""
STATEMENTS = sorted(set(re.findall(r'^[A-Z]+: "([a-z]+)"$', grammar_text(), re.MULTILINE)) - EXPRESSIONS)
UNSHOWN = {"use", "bypass"}
"""Statements that the page still explains in words alone; those shown at last are taken out here."""


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.search(r"flow (\w+)", text)[1])
def test_an_example_compiles(text: str) -> None:
    compiled(text)


@pytest.mark.parametrize("keyword", STATEMENTS)
def test_every_keyword_stands_in_an_example(keyword: str) -> None:
    code = re.sub(r"#.*|\"[^\"]*\"", "", "\n".join(EXAMPLES))
    shown = re.search(rf"\b{keyword}\b", code) is not None
    assert shown or keyword in UNSHOWN, f"`{keyword}` stands in no example of the page"


def test_the_page_of_words_is_up_to_date() -> None:
    tool = PAGE.parents[1] / "tools" / "vocabulary.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

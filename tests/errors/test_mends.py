"""What a message offers mends its case: every fix of the first place together or, where there is none, what its words say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowspec.diagnostics import Diagnostic
from flowspec.elaborate.signatures import fields_of
from flowspec.fixing import apply, chosen
from flowspec.source import Source
from flowspec.spec import compile_source
from flowspec.syntax import tree
from flowspec.syntax.parse import parse
from flowspec.vocabulary.word import Word
from tests.errors.corpus import CASES, FOLDER, faults
from tests.errors.mends import MENDS

ANNOUNCED = re.compile(r"[ \t]*# (?:error|warning)[^\n]*")
QUOTED = re.compile("`([^`]+)`")
NOTHING_TO_MEND = {"empty_file"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_is_mended_as_its_message_says(path: Path) -> None:
    diagnostics, sources = faults(path)
    if all(d.severity == "warning" for d in diagnostics) or path.stem in NOTHING_TO_MEND or any("/used/" in d.primary.span.file for d in diagnostics):
        return
    if path.stem in MENDS:
        text = ANNOUNCED.sub("", path.read_text(encoding="utf-8"))
        for old, new in MENDS[path.stem]:
            assert old in text, old
            text = text.replace(old, new, 1)
    else:
        assert all(d.fixes for d in diagnostics), "neither a fix nor an entry in mends.py: what does a reader write?"
        (fixed,) = apply(chosen(diagnostics, unsafe=True), sources)
        text = fixed.source.text
    compile_source(Source(path.name, text), FOLDER, {})


def test_no_mend_is_of_a_case_that_is_gone() -> None:
    assert set(MENDS) <= {path.stem for path in CASES}


def calls(diagnostic: Diagnostic) -> Iterator[tree.Call]:
    """The calls that a message shows."""
    shown = (*diagnostic.help, *diagnostic.notes, *(fix.title for fix in diagnostic.fixes))
    for snippet in (snippet for text in shown for snippet in QUOTED.findall(text)):
        whole = snippet.replace("…", "other")
        files = (parse(Source("shown", text)) for text in (whole, f"flow shown {{ {whole} }}"))
        file = next((file for file, faulty in files if not faulty), None)
        waiting = [statement for definition in file.definitions for statement in definition.body.statements] if file else []
        while waiting:
            node = waiting.pop()
            if isinstance(node, tree.Call):
                yield node
            waiting += [part for name in getattr(type(node), "__slots__", ()) for part in _parts(getattr(node, name))]


def _parts(value: object) -> list[object]:
    if isinstance(value, tuple):
        return [part for item in value for part in _parts(item)]
    return [value] if hasattr(type(value), "__slots__") and type(value).__module__ == tree.__name__ else []


def test_calls_in_messages_have_arguments_that_their_words_take() -> None:
    words = {name: [role.words[name] for role in Word.__subclasses__() if name in role.words] for role in Word.__subclasses__() for name in role.words}
    seen = 0
    for path in CASES:
        for call in (call for diagnostic in faults(path)[0] for call in calls(diagnostic) if call.name in words):
            named = {argument.name for argument in call.arguments if argument.name}
            takes = [set(fields_of(word)) | {"given"} for word in words[call.name]]
            assert any(named <= fields for fields in takes), f"{path.stem}: {call.name}{sorted(named)}"
            seen += 1
    assert seen > 60

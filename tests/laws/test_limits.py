"""Shipped specs with words changed at random: what comes out is a checked graph or a SpecError, and soon."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import process_time

import pytest

import flowspec.vocabulary  # noqa: F401  the words register themselves
from flowspec.compiler import compile_text
from flowspec.diagnostics import SpecError
from flowspec.loading import shipped
from flowspec.source import Source
from flowspec.vocabulary.word import Map, NetworkWord, Prior, Transform

MUTATIONS = int(os.environ.get("FLOWSPEC_MUTATIONS", "300"))
"""Over all specs together."""
SECONDS = 2.0
FILES = sorted(set(shipped().values()))
WORD = re.compile(r"\s+|\w+(?:\.\d+)?|\.\.|>>|//|[<>=!]=|.")
STRANGE = (
    "0", "-1", "1e15", "10000", "999_999_999", "0.5", "1e-300", "true", "none", "[]", "[1, [2]]", "[a: 1]", '""', "()", "{", "}", "(", "given=",
    "repeat 10000 {", "1..10000", "len", "min()", "64^64", "given=label", "inverse {", "tap x[]", "split(half)", "merge(a)", "if true {", "half",
)  # fmt: skip
VOCABULARY = tuple(name for role in (Transform, NetworkWord, Map, Prior) for name in sorted(role.words))


def mutations(text: str, count: int, seed: str) -> Iterator[str]:
    """Texts with one to four words deleted, swapped, doubled or replaced."""
    random, words = Random(seed), WORD.findall(text)
    spots = [i for i, word in enumerate(words) if not word.isspace()]
    for _ in range(count):
        changed = list(words)
        for _ in range(random.randint(1, 4)):
            i, j = random.choice(spots), random.choice(spots)
            change = random.choice(("delete", "swap", "double", "word", "strange", "vocabulary"))
            if change == "swap":
                changed[i], changed[j] = changed[j], changed[i]
            else:
                changed[i] = {
                    "delete": "", "double": f"{words[i]} {words[i]}", "word": words[j],
                    "strange": random.choice(STRANGE), "vocabulary": random.choice(VOCABULARY),
                }[change]  # fmt: skip
        yield "".join(changed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_changed_words_give_a_graph_or_faults_soon(path: Path) -> None:
    for text in mutations(path.read_text(encoding="utf-8"), -(-MUTATIONS // len(FILES)), path.stem):
        before = process_time()
        try:
            compile_text(Source("changed.flow", text), path.parent)
        except SpecError as error:
            assert error.diagnostics, text
        except Exception as error:
            raise AssertionError(text) from error
        assert process_time() - before < SECONDS, text

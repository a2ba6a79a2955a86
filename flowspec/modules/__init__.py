"""The torch side of the vocabulary: one module per word, in a file and a class of the same name as its declaration."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flowspec.vocabulary.word import Word


def module_of(word: Word) -> type[Any]:
    """The torch module of a word."""
    declared = type(word)
    module = import_module(declared.__module__.replace("flowspec.vocabulary.", "flowspec.modules."))
    return getattr(module, declared.__name__)

"""A short run of the tool that changes specs at random."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

NUMBER = 300


def fuzz() -> ModuleType:
    """The tool, which is no module of a package."""
    path = Path(__file__).parents[2] / "tools" / "fuzz.py"
    specification = importlib.util.spec_from_file_location("fuzz", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["fuzz"] = module  # workers find its functions by this name
    specification.loader.exec_module(module)
    return module


def test_texts_changed_at_random_are_sound_or_faulty_and_nothing_else() -> None:
    tool = fuzz()
    found = [one for _, more in tool.run(NUMBER, seed=1, workers=1) for one in more]
    assert not found, "\n\n".join(f"{one.kind}: {one.detail}\n{one.text}" for one in found)


def test_the_same_seed_gives_the_same_texts() -> None:
    tool = fuzz()
    texts = tool.seeds()
    first, second = ([tool.mutated(tool.Random("7"), texts) for _ in range(3)] for _ in range(2))
    assert first == second

"""Every case of the corpus yields the faults it announces, where it announces them, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.errors.corpus import CASES, expected, found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_has_the_faults_it_announces(path: Path) -> None:
    assert expected(path), "the case announces nothing"
    assert found(path) == expected(path)

"""The tables of `tools/replicate.py`: each row is a spec that compiles as the table makes it small."""

from __future__ import annotations

from pathlib import Path

import pytest

import flowspec


def test_every_row_compiles_and_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "tools")
    from replications.table import tables

    for title, table in tables().items():
        names = [row.name for row in table.rows]
        assert len(set(names)) == len(names), title
        for row in table.rows:
            spec = flowspec.load(row.spec, **row.parameters)
            assert table.steps >= len(spec.checked.graph.phases), row.name
            assert "/" not in row.name

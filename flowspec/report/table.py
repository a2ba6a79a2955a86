"""Fixed-width tables for terminals."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], left: int = 1, indent: str = "") -> str:
    """Rows in columns: the first `left` columns flush left, the others flush right. A row of no cells is a rule."""
    columns = max(map(len, rows))
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = (_line(row, widths, left) if row else "-" * (sum(widths) + 2 * (columns - 1)) for row in rows)
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    cells = (f"{cell:<{width}}" if i < left else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(row, widths)))
    return "  ".join(cells)

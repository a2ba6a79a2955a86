"""Reports: what is known of a flow before anything is built, as data and as text."""

from __future__ import annotations

from flowspec.report.compare import AMOUNTS, compare
from flowspec.report.family import curve, over, text_over, text_side_by_side
from flowspec.report.report import Report, report
from flowspec.report.text import text

__all__ = ["AMOUNTS", "Report", "compare", "curve", "over", "report", "text", "text_over", "text_side_by_side"]

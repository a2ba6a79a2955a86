"""Reports: what is known of a flow before anything is built, as data and as text."""

from __future__ import annotations

from flowspec.report.compare import compare
from flowspec.report.family import curve, over, text_over
from flowspec.report.report import Report, report
from flowspec.report.text import text

__all__ = ["Report", "compare", "curve", "over", "report", "text", "text_over"]

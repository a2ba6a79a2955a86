"""A report as text for terminals."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.report.parts import Part
from flowspec.report.report import Report
from flowspec.report.sizes import grouped, in_bytes, scaled
from flowspec.report.table import table
from flowspec.vocabulary.rules import written

SHOWN_CAUSES = 2


def text(report: Report) -> str:
    """A report as a page of fixed width. The same report always gives the same text."""
    sections = [_title(report), table(_facts(report), left=2), _terms(report), _parts(report), _modules(report)]
    if report.contracts:
        sections.append("\n".join(f"met: {contract.text}" for contract in report.contracts))
    return "\n\n".join(sections) + "\n"


def _title(report: Report) -> str:
    arguments = ", ".join(f"{name}={value_text(value)}" for name, value in report.spec_parameters.items())
    return f"{report.name}({arguments})" if arguments else report.name


def value_text(value: object) -> str:
    """A parameter's value as a spec writes it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple() | list():
            return "[" + ", ".join(map(value_text, value)) + "]"
        case int():
            return f"{value:_}" if abs(value) >= 10_000 else str(value)
        case float():
            return f"{value:g}"
    return str(value)


def _facts(report: Report) -> list[tuple[str, str]]:
    p, cost = report.parameters, report.multiply_adds
    rows = [("parameters", f"{grouped(p.total)}  ({in_bytes(report.parameter_bytes)} in float32)")]
    rows += [("  shared", grouped(p.shared))] if p.shared else []
    rows += [(f"  {name}", grouped(n)) for name in ("trainable", "live", "deployed") if (n := getattr(p, name)) != p.total]
    rows += [
        ("likelihood", _because(report, "likelihood", report.likelihood)),
        ("density", _because(report, "density", _passes(report, report.density))),
        ("inverse", _because(report, "inverse", _passes(report, report.inverse))),
        ("volume", report.volume),
        *([("mass", _because(report, "mass", "less than 1"))] if report.mass == "less" else []),
        ("input", f"{written(report.input)}  ({grouped(report.latent_dims)} latent dimensions)"),
        *_latents(report),
        ("multiply-adds", f"{scaled(cost.density)} density, {scaled(cost.sampling)} sampling, for one example" + _once(report)),
        ("activations", f"{in_bytes(report.activation_bytes)} for one example in training"),
    ]
    return rows


def _once(report: Report) -> str:
    return "; what is iterated counts once" if "iterative" in (report.density, report.inverse) else ""


def _passes(report: Report, mode: str) -> str:
    return f"{mode} ({grouped(report.passes)} passes)" if mode == "sequential" else mode


def _because(report: Report, fact: str, value: str) -> str:
    causes = report.causes.get(fact, ())
    if not causes:
        return value
    more = f" and {grouped(len(causes) - SHOWN_CAUSES)} more" if len(causes) > SHOWN_CAUSES else ""
    return f"{value}  because of {', '.join(causes[:SHOWN_CAUSES])}{more}"


def _latents(report: Report) -> list[tuple[str, str]]:
    shown = [f"{written(latent.shape)} {latent.prior}  {latent.path}" for latent in report.latents]
    if len(shown) > 8:
        shown = [*shown[:7], f"and {len(shown) - 7} more"]
    return [("latents" if i == 0 else "", line) for i, line in enumerate(shown)]


def _terms(report: Report) -> str:
    sign = {"exact": "=", "estimate": "~", "bound": ">="}[report.likelihood]
    return table([(f"log p {sign} sum of", "", ""), (), *((term.name, term.kind, term.unit) for term in report.terms)], left=3)


def _parts(report: Report) -> str:
    head = ("part", "", "shape", "parameters", "share")
    whole = ("total", "", "", grouped(report.parameters.total), "100.0 %" if report.parameters.total else "")
    return table([head, (), *_rows(report.parameters.parts, 0), (), whole], left=2)


def _rows(parts: tuple[Part, ...], level: int) -> Iterator[tuple[str, ...]]:
    for part in parts:
        times = "" if part.times == 1 else f"{part.times} uses" if part.kind == "shared" else f"× {part.times}"
        name = "  " * level + _copies(part)
        share = f"{part.share_percent:.1f} %" if part.total else ""
        yield name, times, written(part.shape), grouped(part.total) if part.total else "-", share
        yield from _rows(part.parts, level + 1)


def _copies(part: Part) -> str:
    first = part.path.rpartition(".")[2]
    base = first.rstrip("0123456789")
    return first if part.times == 1 or part.kind == "shared" else f"{first}…{int(first[len(base) :]) + part.times - 1}"


def _modules(report: Report) -> str:
    kinds = ((word, grouped(count), *map(" or ".join, report.kinds[word].model_dump().values())) for word, count in report.modules.items())
    return table([("module", "count", "density", "inverse", "likelihood"), (), *kinds], left=1)

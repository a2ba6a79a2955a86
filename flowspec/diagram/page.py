"""A diagram as a page of its own: the picture, which can be moved and zoomed, and the flow as a foldable outline."""

from __future__ import annotations

import re
from html import escape

from flowspec.checked import CheckedGraph
from flowspec.diagram.outline import Line, lines
from flowspec.report.sizes import grouped

STYLE = """
:root { color-scheme: light; }
body { margin: 0; font: 14px/1.5 Helvetica, Arial, sans-serif; color: #111111; display: flex; height: 100vh; }
#picture { flex: 1; overflow: hidden; cursor: grab; touch-action: none; }
#picture:active { cursor: grabbing; }
#picture svg { width: 100%; height: 100%; }
aside { width: 30em; max-width: 45vw; overflow: auto; border-left: 1px solid #cccccc; padding: 0 1em 1em; }
h1 { font-size: 1.2em; }
details, .leaf { margin-left: 1em; }
summary { cursor: pointer; }
.leaf { padding-left: 1em; }
.shape { color: #4d4d4d; margin-left: .7em; }
.count { color: #4d4d4d; float: right; font-variant-numeric: tabular-nums; }
.hint { color: #4d4d4d; }
"""

SCRIPT = """
const picture = document.getElementById("picture"), svg = picture.querySelector("svg");
const whole = svg.viewBox.baseVal, home = [whole.x, whole.y, whole.width, whole.height];
let view = [...home], from = null;
const show = () => svg.setAttribute("viewBox", view.join(" "));
const scale = () => Math.max(view[2] / picture.clientWidth, view[3] / picture.clientHeight);
const point = e => new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
picture.addEventListener("wheel", e => {
  e.preventDefault();
  const p = point(e), f = Math.exp(e.deltaY * 0.0015);
  view = [p.x + (view[0] - p.x) * f, p.y + (view[1] - p.y) * f, view[2] * f, view[3] * f];
  show();
}, { passive: false });
picture.addEventListener("pointerdown", e => { from = e; picture.setPointerCapture(e.pointerId); });
picture.addEventListener("pointermove", e => {
  if (!from) return;
  view[0] -= (e.clientX - from.clientX) * scale();
  view[1] -= (e.clientY - from.clientY) * scale();
  from = e;
  show();
});
picture.addEventListener("pointerup", () => { from = null; });
picture.addEventListener("dblclick", () => { view = [...home]; show(); });
"""


def page(checked: CheckedGraph, svg: str) -> str:
    """A page that needs no other file: the picture of a flow, its outline, and what moves the picture."""
    name = escape(checked.graph.name)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{name}</title><style>{STYLE}</style></head>\n'
        f'<body>\n<div id="picture">{_inline(svg)}</div>\n<aside><h1>{name}</h1>'
        f'<p class="hint">Drag to move, turn the wheel to zoom, double-click to go back.</p>\n{_tree(lines(checked), 0)}\n</aside>\n'
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _inline(svg: str) -> str:
    """An SVG file as an element of a page, which needs neither its head nor its name spaces."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg, count=2)
    return re.sub(r"\sxlink:", " ", svg)


def _tree(line: Line, level: int) -> str:
    text = f'{escape(line.label)}<span class="shape">{escape(line.shape)}</span>{_count(line)}'
    if not line.inner:
        return f'<div class="leaf">{text}</div>'
    inner = "\n".join(_tree(child, level + 1) for child in line.inner)
    return f"<details{' open' if level < 2 else ''}><summary>{text}</summary>\n{inner}</details>"


def _count(line: Line) -> str:
    return f'<span class="count">{grouped(line.parameters)}</span>' if line.parameters else ""

"""Printing: the lines of a file, statement by statement.

A line of the text stays a line: statements that share one still do, and a body written on one line stays there if it fits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from flowspec.source import Source, Span
from flowspec.syntax import tree
from flowspec.syntax.breaking import INDENT, WIDTH
from flowspec.syntax.heads import Head, heads

Node = tree.Use | tree.Definition | tree.Statement


class Printer:
    """The printer of one file."""

    def __init__(self, source: Source, file: tree.File):
        self.text = source.text
        self.file = file
        self.comment_starts = [span.start for span, _ in file.comments]

    def print(self) -> str:
        """The whole text."""
        nodes = sorted([*self.file.uses, *self.file.definitions], key=lambda node: node.span)
        return "\n".join(self._run([], nodes, self.file.span, WIDTH)) + "\n"

    def _run(self, opening: list[str], nodes: Sequence[Node], region: Span, room: int) -> list[str]:
        """The lines of statements and of the comments between them; a comment may follow the opening line."""
        lines, end, joinable = list(opening), region.start, False
        for node in self._with_comments(nodes, region):
            gap = self.text[end : node.span.start]
            printed = self._node(node, room)
            if lines and "\n" not in gap and isinstance(node, _Comment):
                lines[-1] += f"  {printed[0]}"
            elif joinable and "\n" not in gap and len(printed) == 1 and len(f"{lines[-1]}; {printed[0]}") <= room:
                lines[-1] += f"; {printed[0]}"
            else:
                lines += [""] * (gap.count("\n") > 1 and len(lines) > len(opening)) + printed
            joinable, end = len(printed) == 1 and not isinstance(node, _Comment), node.span.end
        return lines

    def _with_comments(self, nodes: Sequence[Node], region: Span) -> list[Node | _Comment]:
        spans = [node.span for node in nodes]
        loose = [_Comment(span, text.rstrip()) for span, text in self._comments(region) if not _inside(span, spans)]
        return sorted([*nodes, *loose], key=lambda node: node.span)

    def _comments(self, region: Span) -> tuple[tuple[Span, str], ...]:
        first, last = (bisect_left(self.comment_starts, offset) for offset in (region.start, region.end))
        return self.file.comments[first:last]

    def _node(self, node: Node | _Comment, room: int) -> list[str]:
        if isinstance(node, _Comment):
            return [node.text]
        parts = heads(node, self._spell)
        if self._has_comment_outside(parts, node.span):
            return self._verbatim(node.span)
        short = self._on_one_line(parts)
        return [short] if short is not None and len(short) <= room else self._on_many_lines(parts, room)

    def _has_comment_outside(self, parts: list[Head], span: Span) -> bool:
        bodies = [part.body.span for part in parts if part.body]
        return any(not _inside(comment, bodies) for comment, _ in self._comments(span))

    def _on_one_line(self, parts: list[Head]) -> str | None:
        texts = [(part.text, self._short_body(part.body) if part.body else "") for part in parts]
        if any(body is None for _, body in texts):
            return None
        return " ".join(f"{head} {body}".rstrip() for head, body in texts)

    def _short_body(self, body: tree.Body) -> str | None:
        if "\n" in self.text[body.span.start : body.span.end]:
            return None
        statements = [self._on_one_line(heads(node, self._spell)) for node in body.statements]
        return f"{{ {'; '.join(statement or '' for statement in statements)} }}".replace("{  }", "{ }")

    def _on_many_lines(self, parts: list[Head], room: int) -> list[str]:
        lines: list[str] = []
        for part in parts:
            head = part.lines(room - len(" {") if part.body else room)
            if lines:
                head = [f"{lines.pop()} {head[0]}", *head[1:]]
            lines += head
            if part.body:
                lines += self._long_body(lines.pop(), part.body, room)
        return lines

    def _long_body(self, head: str, body: tree.Body, room: int) -> list[str]:
        region = body.span._replace(start=body.span.start + 1)
        first, *inner = self._run([f"{head} {{"], body.statements, region, room - len(INDENT))
        return [first, *(INDENT + line if line else "" for line in inner), "}"]

    def _spell(self, number: tree.Number) -> str:
        return self.text[number.span.start : number.span.end].strip("() \t\r\n")

    def _verbatim(self, span: Span) -> list[str]:
        """A statement with comments inside its expressions: its lines as they stand, moved to their new indentation."""
        first, *rest = self.text[span.start : span.end].split("\n")
        start = self.text.rfind("\n", 0, span.start) + 1
        indent = len(self.text[start:]) - len(self.text[start:].lstrip(" \t"))
        moved = (line[min(indent, len(line) - len(line.lstrip())) :].rstrip() for line in rest)
        return [first.rstrip(), *moved]


class _Comment:
    def __init__(self, span: Span, text: str):
        self.span = span
        self.text = text


def _inside(span: Span, others: list[Span]) -> bool:
    return any(other.start <= span.start < other.end for other in others)

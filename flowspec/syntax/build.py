"""Building: one callback for each rule of the grammar, called by the parser as soon as the rule's parts are read."""

from __future__ import annotations

from typing import Any, NamedTuple

from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.syntax.lexing import Lexeme

Parts = list[Any]
"""What a rule was read from, in order: lexemes, nodes and groups, all of which have a span."""


class Group(NamedTuple):
    """Arguments or parameters with the brackets round them."""

    span: Span
    items: tuple[Any, ...] = ()


def _span(parts: Parts) -> Span:
    return parts[0].span.to(parts[-1].span)


def _nodes(parts: Parts) -> tuple[Any, ...]:
    return tuple(part for part in parts if not isinstance(part, Lexeme))


def _names(parts: Parts) -> tuple[tree.Name, ...]:
    return tuple(_name(part) for part in parts if isinstance(part, Lexeme) and part.type == "NAME")


def _name(lexeme: Lexeme) -> tree.Name:
    return tree.Name(lexeme.span, lexeme.text)


def _body(part: Any) -> tree.Body | None:
    return part if isinstance(part, tree.Body) else None


class Expressions:
    """The callbacks of expressions."""

    def number(self, parts: Parts) -> tree.Number:
        digits = parts[0].text.replace("_", "")
        return tree.Number(parts[0].span, int(digits) if digits.isdigit() else float(digits))

    def text(self, parts: Parts) -> tree.Text:
        return tree.Text(parts[0].span, parts[0].text[1:-1])

    def truth(self, parts: Parts) -> tree.Truth:
        return tree.Truth(parts[0].span, parts[0].type == "TRUE")

    def name(self, parts: Parts) -> tree.Name:
        return _name(parts[0])

    def call(self, parts: Parts) -> tree.Call:
        name, arguments = parts
        return tree.Call(_span(parts), name.text, name.span, arguments.items)

    def arguments(self, parts: Parts) -> Group:
        return Group(_span(parts), _nodes(parts))

    def argument(self, parts: Parts) -> tree.Argument:
        return tree.Argument(parts[0].span, None, None, parts[0])

    def named_argument(self, parts: Parts) -> tree.Argument:
        name, _, value = parts
        return tree.Argument(_span(parts), name.text, name.span, value)

    def listing(self, parts: Parts) -> tree.Listing:
        return tree.Listing(_span(parts), _nodes(parts))

    def table(self, parts: Parts) -> tree.Table:
        return tree.Table(_span(parts), tuple(entry.items for entry in _nodes(parts)))

    def entry(self, parts: Parts) -> Group:
        name, _, value = parts
        return Group(_span(parts), (_name(name), value))

    def parentheses(self, parts: Parts) -> tree.Expression:
        # The span takes in the parentheses, so that what is built of it starts and ends where it does in the text.
        node = parts[1]
        fields = {field: getattr(node, field) for field in node.__slots__}
        return type(node)(**fields | {"span": _span(parts)})

    def range(self, parts: Parts) -> tree.Range:
        return tree.Range(_span(parts), parts[0], parts[2])

    def unary(self, parts: Parts) -> tree.Unary:
        return tree.Unary(_span(parts), parts[0].text, parts[1])

    def binary(self, parts: Parts) -> tree.Binary:
        left, operator, right = parts
        return tree.Binary(_span(parts), operator.text, left, right)

    def index(self, parts: Parts) -> tree.Index:
        return tree.Index(_span(parts), parts[0], parts[2])

    def slice(self, parts: Parts) -> tree.Slice:
        colon = next(i for i, part in enumerate(parts) if isinstance(part, Lexeme) and part.type == "COLON")
        low, high = _nodes(parts[1:colon]), _nodes(parts[colon:])
        return tree.Slice(_span(parts), parts[0], low[0] if low else None, high[0] if high else None)

    def compose(self, parts: Parts) -> tree.Compose:
        return tree.Compose(_span(parts), _nodes(parts))


class Statements:
    """The callbacks of statements."""

    def do(self, parts: Parts) -> tree.Do:
        return tree.Do(_span(parts), parts[0], _names(parts), _body(parts[-1]))

    def input(self, parts: Parts) -> tree.Input:
        return tree.Input(_span(parts), parts[1])

    def context(self, parts: Parts) -> tree.Context:
        return tree.Context(_span(parts), parts[1], next(iter(_names(parts)), None))

    def prior(self, parts: Parts) -> tree.Prior:
        return tree.Prior(_span(parts), parts[1])

    def let(self, parts: Parts) -> tree.Let:
        return tree.Let(_span(parts), _name(parts[1]), parts[3])

    def repeat(self, parts: Parts) -> tree.Repeat:
        return tree.Repeat(_span(parts), parts[1], parts[2])

    def loop(self, parts: Parts) -> tree.For:
        return tree.For(_span(parts), _name(parts[1]), parts[3], parts[4])

    def condition(self, parts: Parts) -> tree.If:
        otherwise = parts[4] if len(parts) > 3 else None
        if isinstance(otherwise, tree.If):
            otherwise = tree.Body(otherwise.span, (otherwise,))
        return tree.If(_span(parts), parts[1], parts[2], otherwise)

    def part(self, parts: Parts) -> tree.Part:
        return tree.Part(_span(parts), _name(parts[1]), parts[2])

    def tap(self, parts: Parts) -> tree.Tap:
        return tree.Tap(_span(parts), _name(parts[1]), len(parts) > 2)

    def inverse(self, parts: Parts) -> tree.Inverse:
        return tree.Inverse(_span(parts), parts[1])

    def on(self, parts: Parts) -> tree.On:
        return tree.On(_span(parts), _name(parts[1]), parts[2])

    def merge(self, parts: Parts) -> tree.Merge:
        return tree.Merge(_span(parts), _names(parts))

    def expect(self, parts: Parts) -> tree.Expect:
        return tree.Expect(_span(parts), parts[1])

    def freeze(self, parts: Parts) -> tree.Freeze:
        return tree.Freeze(_span(parts), _names(parts))

    def bypass(self, parts: Parts) -> tree.Bypass:
        return tree.Bypass(_span(parts), _names(parts))

    def phase(self, parts: Parts) -> tree.Phase:
        arguments = parts[2].items if len(parts) > 3 else ()
        return tree.Phase(_span(parts), _name(parts[1]), arguments, parts[-1])

    def settings(self, parts: Parts) -> tree.Settings:
        arguments = parts[1].items if isinstance(parts[1], Group) else ()
        return tree.Settings(_span(parts), _name(parts[0]), arguments, _body(parts[-1]))

    def skipped(self, parts: Parts) -> tree.Skipped:
        return tree.Skipped(_span(parts), parts[0].text, _body(parts[-1]))

    def body(self, parts: Parts) -> tree.Body:
        return tree.Body(_span(parts), _nodes(parts))


class Builder(Expressions, Statements):
    """The callbacks of definitions, and all others."""

    def file(self, parts: Parts) -> tuple[tree.Use | tree.Definition | tree.Skipped, ...]:
        return _nodes(parts)

    def use(self, parts: Parts) -> tree.Use:
        return tree.Use(_span(parts), tree.Text(parts[1].span, parts[1].text[1:-1]))

    def definition(self, parts: Parts) -> tree.Definition:
        parameters = parts[2].items if len(parts) > 3 else ()
        return tree.Definition(_span(parts), parts[0].text, _name(parts[1]), parameters, parts[-1])

    def parameters(self, parts: Parts) -> Group:
        return Group(_span(parts), _nodes(parts))

    def parameter(self, parts: Parts) -> tree.Parameter:
        return tree.Parameter(_span(parts), parts[0].text, parts[2] if len(parts) > 1 else None)

"""Networks drawn apart: each distinct network of a flow once, however many steps use it."""

from __future__ import annotations

from flowspec.diagram.form import FEWEST, size
from flowspec.diagram.pieces import Form, core_of, form_of_network, is_shared, pieces, pieces_in_row, shared, summary, told
from flowspec.diagram.scene import Box, Edge, Scene, Section
from flowspec.diagram.words import arguments, copies, lettered, wrapped
from flowspec.graph import Network

MOST = 6
"""Networks drawn apart; those beyond are told in their step's label."""
LARGEST = 60
"""Boxes of a network drawn apart."""

JOINS = {"residual": "+", "dense": "concat", "sum": "+", "parallel": "concat"}
"""How each combinator joins its branches or, where its input goes round its body, takes it up again."""


class NetworkInsets:
    """The networks drawn apart so far, by form."""

    def __init__(self, scene: Scene):
        self.scene = scene
        self.names: dict[Form, str] = {}

    def label(self, network: Network) -> str:
        """A network in one line, in which pieces that are drawn apart are but named."""
        return " → ".join(map(self._piece, pieces_in_row(network)))

    def _piece(self, piece: Network) -> str:
        piece = core_of(piece)
        if is_shared(piece):
            return shared(piece, " → ".join(self._piece(inner) for inner in pieces(piece)))
        if not FEWEST <= size(piece) <= LARGEST:
            return told(piece)
        form = (piece.name.rstrip("0123456789"), form_of_network(piece))
        if form not in self.names:
            if len(self.names) == MOST:
                return told(piece)
            self.names[form] = self._draw(piece, form[0])
        return self.names[form] + copies(piece.times)

    def _draw(self, piece: Network, name: str) -> str:
        namesakes = sum(other[0] == name for other in self.names)
        name = f"{name} {lettered(namesakes)}" if namesakes else name
        inset = Section(id=f"network.{name}", title=f"network {name}", inset=True)
        self.scene.insets.append(inset)
        start = Box(f"{inset.id}.in", "point", "")
        inset.members.append(start)
        _Drawing(self.scene).network(piece.model_copy(update={"times": 1}), inset, inset.id, start.id)
        return name


class _Drawing:
    """Draws a network into a section, from the box it reads to the box it ends in."""

    def __init__(self, scene: Scene):
        self.scene = scene

    def network(self, network: Network, section: Section, path: str, tail: str) -> str:
        if not network.children:
            box = Box(path, "network", network.word.word, " ".join(arguments(network.word)) + copies(network.times))
            section.members.append(box)
            self.scene.edges.append(Edge(tail, box.id))
            return box.id
        if network.word.body == "branches":
            ends = [self._child(child, section, path, tail) for child in pieces(network)]
            return self._join(section, path, JOINS[network.word.word], ends)
        end = tail
        for child in pieces(network):
            end = self._child(child, section, path, end)
        if network.word.word not in JOINS:
            return end
        join = self._join(section, path, JOINS[network.word.word], [end])
        self.scene.edges.append(Edge(tail, join, role="skip"))
        return join

    def _child(self, child: Network, section: Section, path: str, tail: str) -> str:
        inner = core_of(child)
        path = f"{path}.{child.names()[0]}"
        if not inner.children:
            return self.network(inner, section, path, tail)
        frame = Section(id=path, title=inner.name + copies(inner.times))
        section.members.append(frame)
        return self.network(inner, frame, path, tail)

    def _join(self, section: Section, path: str, sign: str, ends: list[str]) -> str:
        join = Box(f"{path}.join", "join", sign)
        section.members.append(join)
        self.scene.edges.extend(Edge(end, join.id) for end in ends)
        return join.id


def network_notes(networks: dict[str, Network], insets: NetworkInsets | None) -> tuple[str, ...]:
    """The lines of a label that tell of a step's networks."""
    lines = (insets.label(network) if insets else summary(network) for network in networks.values())
    return tuple(line for text in lines for line in wrapped(text))

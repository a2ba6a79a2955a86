"""Networks as text, and what of them is the same but for shapes."""

from __future__ import annotations

from flowspec.diagram.words import arguments, copies
from flowspec.graph import Network
from flowspec.vocabulary.networks.sharing import Share
from flowspec.vocabulary.networks.structure import Chain

Form = tuple
"""What is left of an item or a network without its shapes, its place and the names of its slots."""


def form_of_network(network: Network) -> Form:
    """The form of one copy of a network."""
    inner = tuple((form_of_network(piece), piece.times) for piece in pieces(network))
    return (network.word.word, *_arguments(network), inner)


def pieces(network: Network) -> tuple[Network, ...]:
    """What a network's body holds; iterations in a row that differ in nothing but their shapes are one."""
    folded: list[Network] = []
    for child in network.children:
        last = folded[-1] if folded else None
        if last is not None and child.first is not None and _continues(last, child):
            folded[-1] = last.model_copy(update={"times": last.times + child.times})
        else:
            folded.append(child)
    return tuple(folded)


def _continues(last: Network, child: Network) -> bool:
    return last.first is not None and last.name == child.name and form_of_network(last) == form_of_network(child)


def core_of(piece: Network) -> Network:
    """A piece without the iterations that hold nothing else, with the repetitions of all of them."""
    times = piece.times
    while piece.first is not None and len(inner := pieces(piece)) == 1:
        piece = inner[0]
        times *= piece.times
    return piece.model_copy(update={"times": times})


def summary(network: Network) -> str:
    """A network in one line: `conv 3 512 → actnorm → relu`."""
    return " → ".join(map(told, pieces_in_row(network)))


def pieces_in_row(network: Network) -> tuple[Network, ...]:
    """The networks that stand one after another in a network."""
    return pieces(network) if isinstance(network.word, Chain) else (network,)


def told(piece: Network) -> str:
    """A piece of a network in one line, with how often it stands."""
    piece = core_of(piece)
    times = piece.times
    if not piece.children:
        return " ".join([piece.word.word, *_arguments(piece)]) + copies(times)
    inner = (" | " if piece.word.body == "branches" else " → ").join(told(child) for child in pieces(piece))
    if isinstance(piece.word, Chain):
        return f"({inner}){copies(times)}" if times > 1 else inner
    return f"{piece.word.word}({', '.join([inner, *_arguments(piece)])}){copies(times)}"


def shared(piece: Network, inner: str) -> str:
    """A piece told around the text of what it holds: a shared network with its number of uses and its embedding."""
    return f"{inner} shared by {piece.word.across}{' · ' + ' '.join(rest) if (rest := _arguments(piece)[1:]) else ''}"


def is_shared(piece: Network) -> bool:
    """Whether its parameters are those of other steps' networks too."""
    return isinstance(piece.word, Share)


def _arguments(network: Network) -> list[str]:
    return arguments(network.word, network.word.network_fields())

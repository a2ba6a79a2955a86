"""Sharing groups: each drawn once, beside its uses and linked to them."""

from __future__ import annotations

from collections.abc import Iterable

from flowspec.diagram.networks import NetworkInsets
from flowspec.diagram.scene import Box, Edge, Scene, Section
from flowspec.graph import End, Step
from flowspec.sharing import Uses, shared_name, shares
from flowspec.source import Span


class SharedNetworks:
    """The boxes that use shared networks and are not linked to them yet, by the place of their `share`."""

    def __init__(self, scene: Scene, networks: NetworkInsets):
        self.scene, self.networks = scene, networks
        self.users: dict[Span, list[str]] = {}

    def use(self, item: Step | End, box: str) -> None:
        """Notes the box in which a step, or a section around it, is drawn."""
        for network in item.networks.values():
            for share, _ in shares(network):
                users = self.users.setdefault(share.span, [])
                users.extend([] if box in users else [box])

    def draw(self, owned: Iterable[Uses], section: Section, path: str) -> None:
        """Draws the groups that belong to a section, once what is in it has been drawn."""
        for i, uses in enumerate(owned):
            users = self.users.pop(uses.span, [])
            if users:
                name = f"{path}{shared_name(i)}"
                title, _, text = self.networks.label(uses.network).partition(" · ")[0].partition(" ")
                section.members.append(Box(name, "network", title, text, beside=users[len(users) // 2]))
                self.scene.edges.extend(Edge(name, user, role="share") for user in users)

    def forget(self, owned: Iterable[Uses]) -> None:
        """Leaves out the groups of a section that is closed."""
        for uses in owned:
            self.users.pop(uses.span, None)

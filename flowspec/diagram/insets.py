"""Sections drawn apart: each distinct one once, with the places where it stands."""

from __future__ import annotations

from collections.abc import Collection

from flowspec.diagram.pieces import Form
from flowspec.diagram.scene import Scene, Section
from flowspec.diagram.words import lettered

MOST_PLACES = 4
"""Places that the title of a section drawn apart tells one by one."""


class SectionInsets:
    """The sections of a scene that are drawn apart, `apart` being the forms of all that will be."""

    def __init__(self, scene: Scene, apart: Collection[Form]):
        self.scene, self.apart = scene, apart
        self.names: dict[Form, str] = {}
        self.places: dict[Form, list[str]] = {}
        self.sections: dict[Form, Section] = {}

    def add(self, form: Form, path: str) -> Section:
        """An empty section for a form, before the networks drawn apart."""
        namesakes = [other for other in self.apart if other[:2] == form[:2]]
        before = sum(other[:2] == form[:2] for other in self.names)
        self.names[form] = f"{form[1]} {lettered(before)}" if len(namesakes) > 1 else form[1]
        self.sections[form] = section = Section(id=f"inset.{path}", inset=True)
        self.scene.insets.insert(len(self.sections) - 1, section)
        return section

    def stands(self, form: Form, path: str) -> str:
        """Notes a place where a section stands; the section's name."""
        self.places.setdefault(form, []).append(path.rpartition(".")[0])
        return self.names[form]

    def entitle(self) -> None:
        """Gives each section a title that says where it stands."""
        for form, section in self.sections.items():
            places = [place for place in dict.fromkeys(self.places[form]) if place]
            shown = ", ".join(places if len(places) <= MOST_PLACES else [*places[:2], "…", places[-1]])
            section.title = f"{self.names[form]} of {shown}" if places else self.names[form]

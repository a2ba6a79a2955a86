"""From a checked flow to the scene of its diagram: what is open, what is folded, what is drawn apart, and the edges."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from flowspec.checked import CheckedGraph
from flowspec.diagram.form import form_of, repeated
from flowspec.diagram.groups import SharedNetworks
from flowspec.diagram.insets import SectionInsets
from flowspec.diagram.networks import NetworkInsets, network_notes
from flowspec.diagram.pieces import Form, summary
from flowspec.diagram.scene import Box, Edge, Scene, Section
from flowspec.diagram.sources import Closed, Origin
from flowspec.diagram.words import block_title, copies, core, item_arguments, value_text, wrapped
from flowspec.graph import MAIN, Block, ContextNode, End, Graph, Item, Mark, Step
from flowspec.numbers import of_graph, of_item
from flowspec.report.sizes import grouped
from flowspec.sharing import groups, loose
from flowspec.vocabulary.rules import State, written

LIKELIHOODS = {"exact": "exact likelihood", "bound": "lower bound on the likelihood", "estimate": "estimated likelihood"}


def scene_of(checked: CheckedGraph, depth: int | None = None) -> Scene:
    """The scene of a flow's diagram; `depth` levels of sections are open, all of them unless it is given."""
    graph, levels = checked.graph, inf if depth is None else depth
    scene = Scene(name=graph.name, caption=_caption(checked), flow=Section(id="flow"))
    flow = _Drawing(scene, levels, repeated(graph.body, levels))
    flow.heads(graph, scene.flow)
    flow.items(graph.body.items, "", 0, (scene.flow,))
    flow.shared.draw((*loose(graph.body.items), *groups(graph.body.items)), scene.flow, "")
    flow.late_conditions()
    flow.insets.entitle()
    return scene


def _caption(checked: CheckedGraph) -> str:
    facts = checked.facts
    count = grouped(of_graph(checked.graph).parameters)
    return f"{checked.graph.name} · {count} parameters · {LIKELIHOODS[facts.likelihood]} · {grouped(facts.latent_dims)} latent dimensions"


class _Drawing:
    def __init__(self, scene: Scene, levels: float, apart: set[Form]):
        self.scene, self.levels = scene, levels
        self.networks = NetworkInsets(scene)
        self.shared = SharedNetworks(scene, self.networks)
        self.insets = SectionInsets(scene, apart)
        self.slots: dict[str, Origin] = {}
        self.late: list[tuple[str, str, tuple[str, ...]]] = []
        self.closed: Closed | None = None
        self.in_inset = False

    # ---------------------------------------------------------------------------------------------------- the flow

    def heads(self, graph: Graph, section: Section, path: str = "") -> None:
        """The input, and the contexts beside it."""
        state = graph.input_state
        values = "" if state.levels is None else f"integers 0 … {state.levels - 1}"
        section.members.append(
            Box(f"{path}input", "data", graph.input.word, str(state), (values,) if values else (), column=self._column(MAIN))
        )
        self.slots[MAIN] = Origin(f"{path}input", state.shape, changed=False)
        for context in graph.contexts:
            self._context(context, section, path)

    def _context(self, context: ContextNode, section: Section, path: str) -> None:
        notes = wrapped(summary(context.network)) if context.network else []
        text = "" if context.word is None or context.name == context.word.word else value_text(context.word)
        section.members.append(Box(f"{path}{context.name}", "context", context.name, text, tuple(notes), beside=f"{path}input"))
        if context.origin is not None:
            self.scene.edges.append(Edge(f"{path}{context.origin}", f"{path}{context.name}", role="condition"))
        self.slots[context.name] = Origin(f"{path}{context.name}", context.state.shape)

    def items(self, items: tuple[Item, ...], path: str, level: int, around: tuple[Section, ...]) -> None:
        """Draws the items of a body, one after another."""
        for item in items:
            match item:
                case Block():
                    self._block(core(item), path + item.names()[0], level, around)
                case Step():
                    self._step(item, path + item.name, level, around)
                case End():
                    self._end(item, path + item.name, level, around)
                case Mark():
                    self._mark(item)

    # ---------------------------------------------------------------------------------------------------- sections

    def _block(self, block: Block, path: str, level: int, around: tuple[Section, ...]) -> None:
        form = form_of(block)
        if self.closed is not None:
            self.items(block.items, f"{path}.", level + 1, around)
            self.shared.forget(groups(block.items))
        elif form in self.insets.apart or level >= self.levels:
            inset = self._inset(block, form, path, level) if form in self.insets.apart and level < self.levels else None
            title = f"{inset}{copies(block.times)}" if inset else block_title(block)
            self._close(block, title, path, level, around)
        else:
            section = Section(id=path, title=block_title(block))
            around[-1].members.append(section)
            self.items(block.items, f"{path}.", level + 1, (*around, section))
            self.shared.draw(groups(block.items), section, f"{path}.")

    def _close(self, block: Block, title: str, path: str, level: int, around: tuple[Section, ...]) -> None:
        count = of_item(block).times(block.times).parameters
        notes = (f"{grouped(count)} parameters",) if count else ()
        around[-1].members.append(Box(path, "section", title, notes=notes, column=self._column(MAIN)))
        self.closed = Closed(path, _ids(around))
        self.items(block.items, f"{path}.", level + 1, around)
        self.shared.forget(groups(block.items))
        entering, self.closed = self.closed.entering, None
        for slot, source in self.slots.items():
            if source.box == path:
                self.slots[slot] = replace(source, changed=source.shape != entering)

    def _inset(self, block: Block, form: Form, path: str, level: int) -> str:
        """Draws a section apart, if that has not been done; its name there."""
        if form not in self.insets.names:
            section = self.insets.add(form, path)
            outer = self.slots, self.in_inset
            self.slots, self.in_inset = {}, True
            self.items(block.items, f"{section.id}.", level + 1, (section,))
            self.shared.draw(groups(block.items), section, f"{section.id}.")
            self.slots, self.in_inset = outer
        return self.insets.stands(form, path)

    # ------------------------------------------------------------------------------------------------------- boxes

    def _step(self, step: Step, path: str, level: int, around: tuple[Section, ...]) -> None:
        title = f"{step.word.word}⁻¹" if step.inverted else step.word.word
        kind = step.word.facts(step.domain).kind
        box = Box(path, kind, title, item_arguments(step), column=self._column(step.reads[0]))
        drawn = self._box(step, box, level, around)
        if self.closed is None and level < self.levels:
            for argument, flow in step.flows.items():
                self._flow_apart(flow, argument, path)
        self._reads(step, drawn, _ids(around))
        for slot, state in zip(step.writes, step.after):
            self.slots[slot] = self._written(
                drawn, state, state.shape != step.before[0].shape or len(step.writes) > 1, around
            )

    def _flow_apart(self, flow: Graph, argument: str, path: str) -> None:
        """Draws a flow that stands within a step."""
        section = Section(id=f"flow.{path}.{argument}", title=f"{flow.name}, the {argument} of {path}", inset=True)
        self.scene.insets.append(section)
        outer = self.slots, self.in_inset
        self.slots, self.in_inset = {}, True
        self.heads(flow, section, f"{section.id}.")
        self.items(flow.body.items, f"{section.id}.", 0, (section,))
        self.slots, self.in_inset = outer

    def _written(self, box: str, state: State, changed: bool, around: tuple[Section, ...]) -> Origin:
        return Origin(box, state.shape, self.closed.around if self.closed else _ids(around), changed)

    def _end(self, end: End, path: str, level: int, around: tuple[Section, ...]) -> None:
        source = self.slots.get(end.reads[0])
        aside = end.reads[0] != MAIN and source is not None and source.around == _ids(around)
        place = {"beside": source.box} if aside else {"column": self._column(end.reads[0])}
        box = Box(path, "prior", end.word.word, item_arguments(end), **place)
        self._reads(end, self._box(end, box, level, around), _ids(around))

    def _column(self, slot: str) -> str | None:
        return None if self.in_inset else slot

    def _box(self, item: Step | End, box: Box, level: int, around: tuple[Section, ...]) -> str:
        self.shared.use(item, self.closed.box if self.closed else box.id)
        if self.closed is not None:
            return self.closed.box
        notes = network_notes(item.networks, self.networks if level < self.levels else None)
        around[-1].members.append(replace(box, notes=notes + self._rest_given(item)))
        return box.id

    def _rest_given(self, item: Step | End) -> tuple[str, ...]:
        """A factored-out part's prior reads what goes on from the same step: said in its label, not by a second edge."""
        origin = self.slots.get(item.reads[0])
        same = origin is not None and any(slot in self.slots and self.slots[slot].box == origin.box for slot in item.given)
        return ("given the part that goes on",) if isinstance(item, End) and same else ()

    def _mark(self, mark: Mark) -> None:
        if mark.reads[0] in self.slots:
            self.slots[mark.writes[0]] = replace(self.slots[mark.reads[0]], tap=mark.name)

    # ------------------------------------------------------------------------------------------------------- edges

    def _reads(self, item: Step | End, box: str, around: tuple[str, ...]) -> None:
        for slot in item.reads:
            if slot in self.slots:
                self._edge(self.slots[slot], box, around, "wire")
        for slot in () if self._rest_given(item) else item.given:
            if slot in self.slots:
                self._edge(self.slots[slot], box, around, "condition")
            elif not self.in_inset:
                self.late.append((slot, box, around))

    def late_conditions(self) -> None:
        """Edges of conditions on states that are tapped further down."""
        for slot, box, around in self.late:
            self._edge(self.slots[slot], box, around, "condition")

    def _edge(self, source: Origin, head: str, around: tuple[str, ...], role: str) -> None:
        if source.box == head:
            return
        if self.closed is not None and role == "wire" and self.closed.entering is None:
            self.closed.entering = source.shape
        leaves = bool(source.around) and source.around[-1] not in around
        shape = written(source.shape) if (source.changed or leaves) and not self.in_inset else ""
        edge = Edge(source.box, head, shape if role == "wire" else source.tap or shape, role)
        if edge not in self.scene.edges:
            self.scene.edges.append(edge)


def _ids(sections: tuple[Section, ...]) -> tuple[str, ...]:
    return tuple(section.id for section in sections)

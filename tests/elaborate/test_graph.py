"""Elaboration: structure, names, states, conditions and what is inferred."""

from __future__ import annotations

import networkx as nx
import pytest
import torch

from flowspec.compiler import compile_text
from flowspec.diagnostics import SpecError
from flowspec.expansion import networkx_view
from flowspec.graph import Block, Graph, Mark
from flowspec.modules.build import build
from flowspec.numbers import of_graph
from flowspec.source import Source
from tests.spec_text import compiled, faults, flow

GLOW = """
flow glow(levels=3, steps=32, width=256) {
    input image(3, 32, 32)
    dequantize(uniform)
    for level in 1..levels {
        squeeze(2)
        repeat steps { actnorm; conv1x1(lu); coupling(affine, estimator(width) >> zeroconv(3)) }
        if level < levels { split(half, prior=gaussian(zeroconv(3))) }
    }
    prior gaussian(zeroconv(3))
    expect parameters == 15_972_912
}
net estimator(width) { conv(3, width, bias=false); actnorm; relu; conv(1, width, bias=false); actnorm; relu }
"""


def paths(checked):
    return [node.path for node in checked.nodes]


def test_paths_follow_the_structure():
    found = paths(compiled(GLOW, levels=2, steps=2))
    assert found[:5] == ["dequantize", "level1.squeeze", "level1.step1.actnorm", "level1.step1.conv1x1", "level1.step1.coupling"]
    assert found[-1] == "prior"
    assert "level1.split_prior" in found


def test_equal_iterations_are_one_block():
    level = compiled(GLOW).graph.body.items[1]
    steps = [item for item in level.items if isinstance(item, Block)]
    assert [(block.name, block.first, block.times) for block in steps] == [("step", 1, 32)]


def test_a_second_step_of_a_name_is_numbered():
    assert paths(flow("reverse; swap; reverse"))[:3] == ["reverse", "swap", "reverse2"]


def test_iterations_are_counted_through_the_body():
    assert paths(flow("repeat 2 { reverse }; swap; repeat 1 { reverse }"))[:4] == ["step1.reverse", "step2.reverse", "swap", "step3.reverse"]


def test_repetition_that_changes_shape_is_not_folded():
    checked = flow("dequantize(uniform)\nrepeat 2 { squeeze(2) }", head="input image(1, 8, 8)")
    blocks = [item for item in checked.graph.body.items if isinstance(item, Block)]
    assert [block.times for block in blocks] == [1, 1]
    assert checked.nodes[-1].item.before[0].shape == (16, 2, 2)


def test_last_width_is_inferred_through_pieces_that_keep_shape():
    checked = flow("coupling(spline(bins=5), small)", rest="net small { linear(8); relu; linear; tanh }")
    network = checked.nodes[0].item.networks["conditioner"]
    assert network.ports.output == (2 * (3 * 5 - 1),)
    assert [child.ports.output for child in network.children[0].children] == [(8,), (8,), (28,), (28,)]


def test_conditions_are_joined():
    checked = flow("context classes(3) as label\ncoupling(affine, mlp([8]), given=label)")
    assert checked.nodes[0].item.networks["conditioner"].children[0].ports.input == (2 + 3,)


def test_taps_and_lists_of_taps():
    body = "tap past[]\nrepeat 2 { swap; tap past[] }\ncoupling(affine, mlp([8]), given=past[:0])\nsplit(2) as (a, b)\non b { prior gaussian(mlp([4]), given=a) }\nmerge(a)"
    checked = flow(body)
    assert sum(isinstance(node.item, Mark) for node in checked.nodes) == 3


def test_a_branch_that_is_not_chosen_may_read_a_list_of_taps():
    text = """flow f(conditioned=false) { input vector(3); tap past[]; swap; tap past[]
    if conditioned { augment(1, linear, given=past[:-1]); augment(1, linear, given=past[0]) } else { augment(1) }
    prior gaussian }"""
    assert compiled(text).facts.likelihood == "bound"


def test_state_tapped_further_down_is_known():
    checked = compiled("""flow f {
        input vector(8)
        split(4) as (coarse, fine)
        on fine { prior gaussian(mlp([16]), given=deep) }
        on coarse { coupling(affine, mlp([16])); tap deep; prior gaussian }
    }""")
    order = [checked.nodes[i].path for i in checked.sampling]
    assert order.index("coarse.prior") < order.index("fine.prior")


def test_hand_written_coupling_has_the_facts_of_the_built_in():
    by_hand = flow("split(half) as (a, b)\non b { elementwise(affine, mlp([8]), given=a) }\nmerge(a, b)")
    built_in = flow("coupling(affine, mlp([8]))")
    assert by_hand.facts.model_dump(exclude={"causes"}) == built_in.facts.model_dump(exclude={"causes"})


def test_inverse_turns_shapes_and_modes_round():
    checked = flow("inverse { squeeze(2) }\ndequantize(uniform)", head="input image(4, 4, 4)")
    assert checked.nodes[0].item.after[0].shape == (1, 8, 8)
    turned = flow("inverse { autoregressive(affine, made([8])) }")
    assert (turned.facts.density, turned.facts.inverse) == ("sequential", "analytic")


def test_inverse_reads_its_body_backwards():
    assert [node.item.word.word for node in flow("inverse { swap; reverse }").nodes[:2]] == ["reverse", "swap"]


def test_json_out_and_back():
    for graph in (compiled(GLOW).graph, flow("context classes(3) >> linear(2) as y\ntap t\ncoupling(spline, mlp([8]), given=[y])").graph):
        assert Graph.model_validate_json(graph.model_dump_json()) == graph


def test_networkx_view_is_acyclic_and_carries_states():
    view = networkx_view(compiled(GLOW, steps=2).graph)
    assert nx.is_directed_acyclic_graph(view)
    assert str(view.edges["level1.squeeze", "level1.step1.actnorm"]["state"]) == "12x16x16"


@pytest.mark.parametrize("steps, width, parameters", [(32, 256, 15_972_912), (32, 512, 44_235_312)])
def test_glow_counts(steps, width, parameters):
    from flowspec.numbers import of_graph

    assert of_graph(compiled(GLOW, steps=steps, width=width).graph).parameters == parameters


DERIVED = """
flow f {
    input vector(3)
    context classes(4) >> linear(5) as label
    context label >> linear(6) as hidden
    autoregressive(affine, made([6, 6], conditions=added), given=hidden)
    prior gaussian(mlp([8]), given=label)
}
"""


def test_a_context_may_be_computed_from_one_before_it():
    checked = compiled(DERIVED)
    label, hidden = checked.graph.contexts
    assert (hidden.origin, hidden.state.shape, checked.graph.given_contexts) == ("label", (6,), (label,))
    assert networkx_view(checked.graph).has_edge("label", "hidden")
    model = build(checked, seed=0)
    x, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 0])
    z, _ = model(x, labels)
    torch.testing.assert_close(model.inverse(z, labels), x, rtol=1e-4, atol=1e-4)
    calls = []
    model.at("context_hidden.network").register_forward_hook(lambda *_: calls.append(1))
    model.log_prob(x, labels)
    assert len(calls) == 1
    assert sum(p.numel() for p in model.parameters()) == of_graph(checked.graph).parameters


def test_faults_of_computed_contexts():
    assert faults(DERIVED.replace(" as hidden", "").replace("=hidden", "=label"))[0][0] == "FS211"
    assert faults(DERIVED.replace("label >> linear(6)", "later >> linear(6)"))[0][0] == "FS202"
    assert faults(DERIVED.replace("linear(6) as hidden", "linear(7) as hidden")) == [("FS308", "given=hidden")]
    assert faults(DERIVED.replace("given=hidden", "given=label").replace(", conditions=added", "")) == [("FS509", "context label >> linear(6) as hidden")]


def test_a_choice_that_another_parameter_hides_is_a_fault():
    """`kind == couplings` would ask whether a name is the number 4, which it never is."""
    text = "flow f(kind=couplings, NAME=4) { input vector(2); if kind == couplings { swap }; prior gaussian }"
    assert faults(text.replace("NAME", "couplings")) == [("FS206", "couplings")]
    assert len(paths(compiled(text.replace("NAME", "number")))) == 2


def test_joined_names_are_compared_in_whatever_order():
    text = "flow f(embed=concat+bias) {{ input vector(2); if embed == {} {{ swap }}; prior gaussian }}"
    assert [len(paths(compiled(text.format(other)))) for other in ("concat+bias", "bias+concat", "concat+gate", "concat")] == [2, 2, 1, 1]


def test_items_are_counted_in_whole_numbers():
    text = "flow f {{ input vector(2); let widths = [1, 2, 3]; {}; prior gaussian }}"
    assert len(paths(compiled(text.format("for i in widths[:-1] { swap }")))) == 3
    assert faults(text.format("for i in widths[:1.5] { swap }")) == [("FS206", "1.5")]
    assert faults(text.format("repeat widths[true] { swap }")) == [("FS206", "true")]


def test_what_a_gaussian_has_is_said_of_its_form():
    assert faults("flow f { input vector(2); prior gaussian(mlp([4]), per=element) }") == [("FS205", "per=element")]
    assert faults("flow f { input vector(2); prior gaussian(per=element) }") == [("FS205", "per=element")]


def test_a_density_is_as_slow_as_the_draws_within_it():
    text = """flow f { input image(1, 4, 4, levels=2); encode(4, posterior=q, decoder=bernoulli(linear(16) >> reshape))
    prior gaussian }
    flow q { input vector(4); context image(1, 4, 4) >> flatten >> linear(8) as h
    BODY; prior gaussian(linear, given=h) }"""
    body = "autoregressive(affine, made([8]), given=h)"
    slow, fast = (compiled(text.replace("BODY", now)).facts for now in (body, f"inverse {{ {body} }}"))
    assert (slow.density, slow.inverse, slow.passes, slow.causes["density"]) == ("sequential", "analytic", 4, ("encode",))
    assert (fast.density, fast.inverse, fast.passes) == ("analytic", "analytic", 0)


def test_a_value_that_is_passed_on_is_shown_where_it_was_written():
    text = """flow f(size=28) { input vector(4)
coupling(affine, outer(side=size))
prior gaussian }
net outer(side) { inner(side) }
net inner(n) { repeat log2(n) { linear(8); relu }; linear }"""
    with pytest.raises(SpecError) as caught:
        compile_text(Source("t.flow", text))
    (fault,) = caught.value.diagnostics
    assert [text[label.span.start : label.span.end] for label in fault.secondary] == ["28"]
    assert [label.text for label in fault.chain] == ["net `outer`", "net `inner`"]

"""Exported files: alone they are the built flow, with the same names of weights and the same numbers."""

from __future__ import annotations

import ast
import builtins
import dis
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import flowspec
from flowspec.cli.group import main
from flowspec.export import export
from flowspec.export.file import CALLED, definitions
from flowspec.export.printing import WIDTH
from flowspec.export.shaking import shaken
from flowspec.export.sources import Name, module
from flowspec.export.templates import FLOW
from flowspec.vocabulary.word import Input, Map, NetworkWord, Prior, Transform

NET = "mlp([12])"
SPECS = {
    "vector": f"""input vector(5)
        repeat 2 {{ coupling(affine(scale=tanh), {NET}, split=alternating); linear; swap; actnorm; permute(random) }}
        autoregressive(spline(bins=5), made([20, 20])); prior gaussian(learned)""",
    "wide": "input vector(9); autoregressive(spline(bins=16), made([400, 400])); prior gaussian",
    "condition": f"""input vector(4); context classes(3) as label; context vector(2) >> linear(3) as h
        coupling(affine, {NET}, given=[label, h]); prior gaussian(linear, given=h)""",
    "image": """input image(2, 4, 4, levels=real); coupling(affine, conv(3, 4) >> relu >> zeroconv(3), split=checkerboard)
        squeeze; tap before; conv1x1; split(half, prior=gaussian(zeroconv(3)))
        coupling(spline(bins=4), body); prior gaussian }
        net body { residual { relu; conv(3) }; conv(3, start=zero) """,
    "repeats": """input image(2, 4, 4, levels=real)
        repeat 2 { coupling(affine, share(wide, across=2, embed=gate) >> zeroconv); swap }; squeeze; repeat 2 { actnorm; conv1x1 }; prior gaussian }
        net wide { conv(1, 3); modulate; residual { conv(3, 3); modulate; tanh } """,
    "iterations": """input vector(3); context zeros(1) as nothing
        continuous(concat_squash([8]), trace=hutchinson, learn_time=true); residual(mlp([8], elu, lipschitz=0.9)); sylvester(householder)
        autoregressive(ddsf(4), made([12], conditions=weights, head=3), given=nothing); autoregressive(umnn, made([12])); planar; prior gaussian""",
    "inverse": f"input vector(4); inverse {{ coupling(affine, {NET}); linear(orthogonal) }}; prior mixture(3)",
    "solver": "input vector(3); block_autoregressive(hidden=6, layers=2, slope=0.1); prior gaussian",
    "autoencoder": f"""input vector(6); part vae {{ encode(2, posterior=gaussian({NET}), decoder=gaussian({NET})) }}
        coupling(affine, {NET}); prior gaussian""",
    "surjections": "input image(2, 4, 4, levels=real); maxpool(2, differences=halfgaussian(learned)); flatten; sort; abs; prior halfgaussian",
    "noise": """input image(1, 4, 4, levels=4); dequantize(noise(2)); flatten; prior logistic }
        flow noise(steps) { input image(1, 4, 4, levels=real); context image(1, 4, 4) as x; logit(0)
            repeat steps { coupling(affine, conv(3, 4) >> relu >> zeroconv(3), split=checkerboard, given=x) }; prior gaussian""",
}
SHIPPED = {
    "glow_digits": {"steps": 2, "width": 8},
    "nanoflow": {"levels": 2, "K": 2, "width": 8, "side": 8},
    "denseflow_45_6": {"side": 16, "units": [1, 1, 1], "modules": 1, "growth": 2, "width": 8},
    "vae_small": {},
    "nanoflow_audio": {"K": 2, "height": 4, "width": 8, "layers": 2, "samples": 512},
}


def flow_of(source: str) -> Any:
    space: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), space)  # noqa: S102  what is under test
    return space


def spec_of(name: str) -> flowspec.spec.Spec:
    return flowspec.load(name, **SHIPPED[name]) if name in SHIPPED else flowspec.load(f"flow f {{ {SPECS[name]} }}")


def examples(spec: flowspec.spec.Spec) -> tuple[torch.Tensor, dict[str, torch.Tensor] | None]:
    state, n = spec.checked.graph.input_state, 3
    x = torch.randn(n, *state.shape) if state.levels is None else torch.randint(0, state.levels, (n, *state.shape))
    given = {c.name: torch.arange(n) if c.word.word == "classes" else torch.randn(n, *c.word.state().shape) for c in spec.checked.graph.given_contexts}
    return x, given or None


def seeded(function: Any, *arguments: Any) -> Any:
    torch.manual_seed(5)
    return function(*arguments)


@pytest.mark.parametrize("name", [*SPECS, *SHIPPED])
def test_it_is_the_built_flow(name: str) -> None:
    spec = spec_of(name)
    text = export(spec.checked, spec.source.text)
    built, alone = spec.build(seed=0), flow_of(text)[spec.name]()
    x, given = examples(spec)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.1)
    built.initialise(x, given)
    assert list(alone.state_dict()) == list(built.state_dict())
    alone.load_state_dict(built.state_dict())
    torch.testing.assert_close(seeded(alone.log_prob, x, given), seeded(built.log_prob, x, given))
    (z, log_det), (built_z, built_log_det) = seeded(alone, x, given), seeded(built, x, given)
    torch.testing.assert_close((z, log_det), (built_z, built_log_det))
    torch.testing.assert_close(seeded(alone.inverse, z, given), seeded(built.inverse, z, given))
    torch.testing.assert_close(seeded(alone.sample, 3, given), seeded(built.sample, 3, given))


def test_first_weights_are_drawn_as_the_built_flow_draws_them() -> None:
    spec = spec_of("image")
    torch.manual_seed(3)
    alone = flow_of(export(spec.checked))[spec.name]()
    torch.testing.assert_close(alone.state_dict(), spec.build(seed=3).state_dict())


def test_it_imports_torch_and_the_standard_library_alone() -> None:
    tree = ast.parse(export(spec_of("image").checked))
    modules = {(node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
               for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}  # fmt: skip
    assert modules <= {"__future__", "collections", "contextlib", "dataclasses", "functools", "itertools", "math", "random", "torch", "types", "typing"}


def test_what_is_shared_is_written_once() -> None:
    text = export(spec_of("glow_digits").checked)
    assert text.count("class Coupling") == 1 and text.count("def make_level1_step") == 1
    assert all(len(line) <= WIDTH + 40 for line in text.splitlines())


def test_names_of_the_author_hide_nothing() -> None:
    spec = flowspec.load(f"flow run {{ input vector(4); part total {{ coupling(affine, {NET}) }}; part len {{ linear }}; prior gaussian }}")
    alone = flow_of(export(spec.checked))["run_flow"]()
    assert alone.log_prob(torch.randn(3, 4)).shape == (3,) and list(alone.state_dict()) == list(spec.build().state_dict())


def globals_of(code: CodeType) -> set[str]:
    own = {instruction.argval for instruction in dis.get_instructions(code) if instruction.opname == "LOAD_GLOBAL"}
    return own.union(*(globals_of(part) for part in code.co_consts if isinstance(part, CodeType)))


def test_every_word_can_be_exported() -> None:
    """All modules together, with all their methods: whatever they name is in the file."""
    words = [word for role in (Input, Map, NetworkWord, Prior, Transform) for word in role.words.values()]
    roots = {Name(word.__module__.replace("flowspec.vocabulary.", "flowspec.modules."), word.__name__) for word in words}
    methods = {part.name for root in roots for part in ast.walk(module(root.module).definitions[root.name].node) if isinstance(part, ast.FunctionDef)}
    text = definitions(shaken({FLOW: None} | dict.fromkeys(roots), (*CALLED, *methods)))
    code = compile(text, "exported.py", "exec")
    space: dict[str, Any] = {"__name__": "exported"}
    exec(code, space)  # noqa: S102
    assert globals_of(code) <= space.keys() | vars(builtins).keys()


def test_the_command_writes_whole_files(tmp_path: Path) -> None:
    out = tmp_path / "moons.py"
    run = lambda *arguments: CliRunner().invoke(main, ["export", *arguments], standalone_mode=False)
    assert run("glow_digits", "-o", str(out), "--set", "steps=1").exit_code == 0
    assert "The spec, steps = 1:" in out.read_text(encoding="utf-8") and "glow_digits" in flow_of(out.read_text(encoding="utf-8"))
    assert [path.name for path in tmp_path.iterdir()] == ["moons.py"]
    assert run("glow_digits", "-o", str(tmp_path / "flow.txt")).exit_code == 2

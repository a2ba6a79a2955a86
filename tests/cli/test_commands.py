"""The commands: what they print, what they leave, and their exit codes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowspec.cli import main

GOOD = """
# A sound flow.
flow good(width=8) {
    input vector(2)
    coupling(affine(scale=tanh), mlp([width]))
    prior gaussian
    data(moons(size=100, validation=20, test=20))
    train(batch=50, epochs=1)
}
"""
BAD = "flow bad {\n    input vector(2)\n    coupling(affin, mlp([8]))\n    prior gaussian\n}\n"


def run(*arguments: object, input: str | None = None) -> Result:
    """The outcome of a command."""
    return CliRunner().invoke(main, list(map(str, arguments)), input=input)


@pytest.fixture
def good(tmp_path):
    """A file with a sound flow."""
    path = tmp_path / "good.flow"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path):
    """A file with a fault."""
    path = tmp_path / "bad.flow"
    path.write_text(BAD)
    return path


def test_check_exits_0_when_clean_1_on_findings_2_on_usage(good, bad):
    assert run("check", good).exit_code == 0
    found = run("check", good, bad)
    assert found.exit_code == 1
    assert "affin" in found.stdout and f"{bad}:3:" in found.stdout and "good` is sound" in found.stdout
    assert run("check", "no_such_spec").exit_code == 2
    assert run("check").exit_code == 2
    assert run("no_such_command").exit_code == 2


def test_check_reads_standard_input():
    assert run("check", "-", input=GOOD).exit_code == 0
    found = run("check", "-", input=BAD)
    assert found.exit_code == 1 and "<stdin>:3:" in found.stdout


def test_check_writes_json_lines_and_nothing_else(good, bad):
    found = run("check", good, bad, "--format", "json")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 1 and len(lines) == 1


def test_check_annotates_for_github(bad):
    assert run("check", bad, "--format", "github").stdout.startswith("::error")


def test_a_flow_s_parameters_can_be_set(good):
    plain, wide = (json.loads(run("report", good, "--json", *more).stdout) for more in ((), ("--set", "width=16")))
    assert wide["spec_parameters"]["width"] == 16
    assert wide["parameters"]["total"] > plain["parameters"]["total"]


@pytest.mark.parametrize("setting", ["width", "width=", "=3", "width=mlp([3])", "width=1}"])
def test_a_setting_that_is_no_value_is_wrong_usage(good, setting):
    assert run("report", good, "--set", setting).exit_code == 2


def test_an_unknown_parameter_is_a_finding(good):
    found = run("check", good, "--set", "depth=3")
    assert found.exit_code == 1 and "has no parameter `depth`" in found.stdout


def test_report_compares_and_ranges(good):
    assert "good" in run("report", good).stdout
    assert "ratio" in run("report", good, good).stdout
    table = run("report", good, "--over", "width=2..4").stdout
    assert [line.split()[0] for line in table.splitlines()[2:]] == ["2", "3", "4"]
    assert len(json.loads(run("report", good, good, "--json").stdout)) == 2
    assert run("report", good, "--over", "width=3").exit_code == 2
    several = run("report", good, good, "--over", "width=2..4", "--metric", "density multiply-adds", "--curve", str(Path(good).with_name("c.png")))
    assert len(several.stdout.splitlines()) == 5 and Path(good).with_name("c.png").exists()
    assert run("report", good, "--metric", "live").exit_code == 2


def test_faults_of_other_commands_go_to_standard_error(bad):
    found = run("report", bad)
    assert found.exit_code == 1 and found.stdout == "" and "affin" in found.stderr


@pytest.mark.parametrize("suffix", ["svg", "dot", "html"])
def test_draw_writes_a_diagram(good, tmp_path, suffix):
    out = tmp_path / f"flow.{suffix}"
    assert run("draw", good, "-o", out, "--depth", 1).exit_code == 0
    assert out.stat().st_size > 100


def test_draw_refuses_what_it_cannot_write(good, tmp_path):
    assert run("draw", good, "-o", tmp_path / "flow.gif").exit_code == 2
    assert run("draw", good, "-o", tmp_path / "none" / "flow.svg").exit_code == 2


def test_format_writes_checks_and_shows(tmp_path):
    path = tmp_path / "loose.flow"
    path.write_text("flow  f { input vector( 2 )\nprior gaussian }\n")
    assert run("format", path, "--check").exit_code == 1
    shown = run("format", path, "--diff")
    assert shown.exit_code == 0 and "+    input vector(2)" in shown.stdout
    assert "vector( 2 )" in path.read_text()
    assert run("format", path).exit_code == 0
    assert "vector(2)" in path.read_text()
    assert run("format", path, "--check").exit_code == 0
    assert run("format", "-", input="flow  f { input vector( 2 )\nprior gaussian }\n").stdout == path.read_text()


def test_a_formatted_file_keeps_its_rights_and_its_links(tmp_path):
    path, link = tmp_path / "loose.flow", tmp_path / "link.flow"
    path.write_text("flow  f { input vector( 2 )\nprior gaussian }\n")
    path.chmod(0o600)
    link.symlink_to(path)
    assert run("format", link).exit_code == 0
    assert link.is_symlink() and "vector(2)" in path.read_text() and path.stat().st_mode & 0o777 == 0o600


def test_format_shows_faults_in_their_place(tmp_path):
    path = tmp_path / "broken.flow"
    path.write_text("flow f {\n")
    found = run("format", path)
    assert found.exit_code == 1 and f"{path}:1:" in found.stderr and path.read_text() == "flow f {\n"


def test_shipped_specs_are_listed_and_found():
    names = [line.split()[0] for line in run("list").stdout.splitlines()]
    assert "image/glow" in names
    assert run("check", "image/glow").exit_code == 0


def test_words_are_explained():
    listing = run("words").stdout
    assert "transform:" in listing and "coupling" in listing and "network:" in listing
    found = run("words", "coupling").stdout
    assert "coupling(map: a map, conditioner: a network" in found and "RealNVP" in found
    unknown = run("words", "couplin")
    assert unknown.exit_code == 2 and "did you mean `coupling`?" in unknown.stderr


def test_verify_prints_a_table_and_json(good):
    found = run("verify", good)
    assert found.exit_code == 0 and "checks passed" in found.stdout
    assert json.loads(run("verify", good, "--json").stdout)["passed"] is True


def test_a_run_is_trained_evaluated_and_sampled(good, tmp_path):
    out = tmp_path / "run"
    trained = run("train", good, "--out", out, "--device", "cpu")
    assert trained.exit_code == 0, trained.output
    assert "log p = " in trained.stdout and "epoch    1" in trained.stderr
    assert run("train", good, "--out", out, "--device", "cpu").exit_code == 1
    measured = json.loads(run("evaluate", out, "--json").stdout)
    assert measured["kind"] == "exact" and measured["examples"] == 20
    for name in ("samples.png", "samples.csv", "samples.npy"):
        assert run("sample", out, "-n", 7, "-o", tmp_path / name, "--temperature", 0.5).exit_code == 0
    assert len((tmp_path / "samples.csv").read_text().splitlines()) == 7
    assert run("sample", out, "-o", tmp_path / "samples.gif").exit_code == 2
    assert run("evaluate", tmp_path / "none").exit_code == 2


def test_what_cannot_be_written_is_wrong_usage(good, tmp_path):
    run("train", good, "--out", tmp_path / "run", "--device", "cpu")
    nowhere = tmp_path / "none"
    for command in (
        ("sample", tmp_path / "run", "-o", nowhere / "a.png"), ("export", good, "-o", nowhere / "a.py"), ("train", good, "--out", "/proc/none"),
        ("report", good, "--over", "width=4..5", "--curve", nowhere / "a.png"), ("report", good, "--over", "width=4..5", "--curve", "a.gif"),
    ):  # fmt: skip
        found = run(*command)
        assert found.exit_code == 2 and "bug" not in found.stderr, found.stderr


def test_a_draw_without_an_x_is_a_finding(tmp_path):
    spec = tmp_path / "bounded.flow"
    spec.write_text("flow f { input vector(2); block_autoregressive(hidden=4)\nprior gaussian; data(moons(size=40, validation=10, test=10)); train(steps=1, batch=20) }")
    assert run("train", spec, "--out", tmp_path / "run", "--device", "cpu").exit_code == 0
    found = run("sample", tmp_path / "run", "-n", 50, "-o", tmp_path / "a.npy")
    assert found.exit_code == 1 and "step `block_autoregressive`" in found.stderr


def test_data_can_be_named_with_arguments_or_be_a_file(good, tmp_path):
    (tmp_path / "table.csv").write_text("\n".join(f"{i % 7},{i % 5}" for i in range(100)))
    assert run("train", good, "--out", tmp_path / "a", "--data", "moons(size=60, validation=10, test=10)").exit_code == 0
    assert run("train", good, "--out", tmp_path / "b", "--data", tmp_path / "table.csv").exit_code == 0
    unfit = run("train", good, "--out", tmp_path / "c", "--data", "iris")
    assert unfit.exit_code == 1 and "do not fit" in unfit.stderr
    unknown = run("train", good, "--out", tmp_path / "c", "--data", "moon")
    assert unknown.exit_code == 2 and "did you mean `moons`?" in unknown.stderr
    assert run("train", good, "--out", tmp_path / "c", "--data", "no/such.csv").exit_code == 2


def test_a_damaged_run_is_a_finding(good, tmp_path):
    run("train", good, "--out", tmp_path / "run", "--device", "cpu")
    (tmp_path / "run" / "best.safetensors").write_bytes(b"nothing")
    found = run("evaluate", tmp_path / "run")
    assert found.exit_code == 1 and "damaged" in found.stderr


def test_an_unforeseen_error_is_one_line_and_exit_3(good, monkeypatch):
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("flowspec.cli.check._check", fail)
    found = run("check", good)
    assert found.exit_code == 3
    assert "ZeroDivisionError: oops" in found.stderr and "please report it" in found.stderr and "Traceback" not in found.stderr
    monkeypatch.setenv("FLOWSPEC_DEBUG", "1")
    assert "Traceback" in run("check", good).stderr


def test_an_interrupt_exits_130(good, monkeypatch):
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowspec.cli.check._check", interrupt)
    assert run("check", good).exit_code == 130


def test_the_version_is_that_of_the_package():
    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())["project"]
    assert project["version"] in run("--version").stdout


def test_parameters_of_a_spec_that_are_none():
    for file in ("glow(steps=2) >> reverse(seed=1)", "glow(steps=1/0)", "glow(2)"):
        found = run("check", file)
        assert found.exit_code == 2 and "glow(" in found.stderr, found.stderr


def test_a_spec_can_carry_its_parameters():
    table = run("report", "bnaf_table(features=6, per=40)", "bnaf_table(features=6, per=40, flows=1)").stdout
    assert "181,264" in table and "parameters over live" in table
    assert run("report", "bnaf_table(6)").exit_code == 2 and "need their names" in run("report", "bnaf_table(6)").stderr

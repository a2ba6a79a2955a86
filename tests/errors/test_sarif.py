"""The SARIF log: its structure as code scanning needs it, over every case."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from flowspec.cli.check import command
from flowspec.rendering import github, jsonl, sarif
from tests.errors.corpus import CASES, FOLDER, faults


def results() -> list[dict[str, Any]]:
    return [result for path in CASES for result in json.loads(sarif.render(*faults(path)))["runs"][0]["results"]]


def test_every_result_has_a_rule_and_a_place() -> None:
    for result in results():
        assert result["ruleId"].startswith("FS") and result["message"]["text"] and result["level"] in ("error", "warning")
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            region = location["physicalLocation"]["region"]
            assert all(type(value) is int and value >= 1 for value in region.values())
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
            assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert result["locations"]


def test_no_fix_is_empty() -> None:
    fixes = [fix for result in results() for fix in result.get("fixes", ())]
    assert fixes
    for fix in fixes:
        assert fix["description"]["text"] and fix["artifactChanges"]
        for change in fix["artifactChanges"]:
            assert change["replacements"] and all(replacement["deletedRegion"] for replacement in change["replacements"])


def test_rules_are_those_of_the_results() -> None:
    for path in CASES:
        run = json.loads(sarif.render(*faults(path)))["runs"][0]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert {result["ruleId"] for result in run["results"]} == set(rules)
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_several_files_are_one_log() -> None:
    files = [str(FOLDER / f"{name}.flow") for name in ("misspelt_layer", "misspelt_map")]
    log = json.loads(CliRunner().invoke(command, [*files, "--format", "sarif"], standalone_mode=False).output)
    assert (log["version"], len(log["runs"]), len(log["runs"][0]["results"])) == ("2.1.0", 1, 2)


def test_other_forms_carry_every_field() -> None:
    for path in CASES:
        diagnostics, sources = faults(path)
        for diagnostic, line in zip(diagnostics, jsonl.render(diagnostics, sources).splitlines(), strict=True):
            found = json.loads(line)
            assert len(found["labels"]) == 1 + len(diagnostic.secondary) and len(found["chain"]) == len(diagnostic.chain)
            assert [fix["safe"] for fix in found["fixes"]] == [fix.safe for fix in diagnostic.fixes]
        assert len(github.render(diagnostics, sources).splitlines()) == len(diagnostics)

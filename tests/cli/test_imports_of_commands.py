"""What commands import: each takes its time at every start, and is counted here in place of timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Project

GRAPH = """\
<graph id="g"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file></parameters></node>
</graph>
"""
MANIFEST = """\
version: 1
project: small
keys:
  scenes: {type: s3-public, bucket: scenes, region: waw3-2, endpoint: "https://s3.example.org"}
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /scene.zip}}
"""
CAMPAIGN = MANIFEST + '    for_each: {list: [a, b]}\n    skip: {a: "no data"}\n'
PARSERS = {"argparse", "json", "dataclasses", "re", "typing"}
LIBRARIES = {"pydantic", "yaml", "httpx", "cryptography", "jsonschema", "deepdiff", "rich", "asyncio", "socket"}
OF_CAMPAIGNS = {"campaign.expansion", "campaign.join", "campaign.readers", "campaign.job_points", "manifest.instances"}
OF_FAULTS = {"manifest.validation.structure", "manifest.validation.kinds"}
OF_CHAINS = {"documents.chain", "checks.chain_rules"}
OF_APPLYING = {"applying.session", "applying.applier", "applying.results", "engine.run", "engine.web_hooks"}
OF_CARRYING_OUT = {"applying.applier", "applying.launches", "applying.key_creation"}
OF_WEB_HOOKS = {"engine.web_hooks", "policy.policy_model"}
OF_PLANS = {"planning", "policy.policy_file", "ledger", "observing", "applying", "service", "report"}


def imported(*words: str) -> set[str]:
    """Return the modules that a command imports, ours without the name of the package."""
    script = (
        "import sys; from eocanvas_apply.cli import main; main(sys.argv[1:]); sys.stderr.write(' '.join(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert ended.stdout
    return {name.removeprefix("eocanvas_apply.") for name in ended.stderr.split()}


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_help_and_version_import_no_command_and_no_library(words: str) -> None:
    assert imported(words) & (PARSERS | LIBRARIES | {"cli.guard", "cli.commands.plan", "diagnostics"}) == set()


def test_validate_imports_what_the_manifest_at_hand_needs(tmp_path: Path) -> None:
    found = _validate(tmp_path, MANIFEST)
    # pydantic imports socket by itself, for its addresses.
    unneeded = LIBRARIES - {"pydantic", "yaml", "socket"}
    assert found & (unneeded | OF_CAMPAIGNS | OF_FAULTS | OF_CHAINS | OF_PLANS) == set()


def test_validate_of_a_campaign_imports_its_rows_and_still_no_plan(tmp_path: Path) -> None:
    found = _validate(tmp_path, CAMPAIGN)
    assert "campaign.expansion" in found
    assert found & (OF_CHAINS | OF_PLANS) == set()


def test_a_plan_imports_nothing_that_only_an_apply_or_another_plan_needs(project: Project) -> None:
    found = imported("plan", "-f", str(project.manifest))
    assert "planning.planner" in found
    unneeded = {"rich", "jsonschema", "planning.saved_plan", "planning.drift", "policy.plan_limits", "report.progress"}
    assert found & (unneeded | OF_APPLYING | OF_CAMPAIGNS - {"manifest.instances"} | OF_FAULTS) == set()


@pytest.mark.parametrize("words", [("plan",), ("report", "--out", "-")], ids=["plan", "report"])
def test_offline_nothing_is_imported_that_asks_the_service(tmp_path: Path, words: tuple[str, ...]) -> None:
    _write(tmp_path, CAMPAIGN)
    found = imported(*words, "--offline", "-f", str(tmp_path / "eocanvas.yaml"))
    assert "planning.planner" in found
    assert found & {"httpx", "httpcore", "service.eocanvas", "observing.observer", "engine.engine"} == set()


def test_an_apply_with_nothing_to_do_imports_nothing_that_carries_it_out_or_calls_web_hooks(project: Project) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    found = imported("apply", "--no-wait", "-f", str(project.manifest))
    assert "engine.run" in found
    assert found & (OF_CARRYING_OUT | OF_WEB_HOOKS | OF_FAULTS) == set()


def _validate(folder: Path, manifest: str) -> set[str]:
    _write(folder, manifest)
    return imported("validate", "-f", str(folder / "eocanvas.yaml"))


def _write(folder: Path, manifest: str) -> None:
    (folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (folder / "eocanvas.yaml").write_text(manifest, encoding="utf-8")

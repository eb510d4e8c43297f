"""The templates for continuous integration: their steps are run as they stand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.emulator.model_client import private_key
from tests.examples.cases import EXAMPLES

BIN = Path(sys.executable).parent


def steps(template: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((EXAMPLES / "ci" / template).read_text("utf-8"))["jobs"][job]["steps"]
    return found


def run(step: dict[str, Any], project: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(project), "CI": "true"}
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=project, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("template", sorted((EXAMPLES / "ci").glob("git*.yaml")), ids=lambda path: path.name)
def test_a_template_is_what_its_forge_takes(template: Path) -> None:
    """The schemas come with the program, and no network is needed."""
    kind = ["vendor.github-workflows"]
    if template.name.startswith("gitlab"):
        kind = ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", *kind, str(template)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_a_pull_request_is_validated_on_every_system(tmp_path: Path) -> None:
    template = yaml.safe_load((EXAMPLES / "ci" / "github-validate.yaml").read_text("utf-8"))
    assert template["jobs"]["validate"]["strategy"]["matrix"]["os"] == [
        "ubuntu-latest",
        "windows-latest",
        "macos-latest",
    ]
    [validate] = [step for step in steps("github-validate.yaml", "validate") if step.get("name") == "Validate"]
    project = shutil.copytree(EXAMPLES / "campaign", tmp_path / "project")
    assert run(validate, project).returncode == 0
    manifest = project / "eocanvas.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("jobs:", "jbos:"), "utf-8")
    refused = run(validate, project)
    assert refused.returncode == 1
    assert "::error file=eocanvas.yaml,line=" in refused.stdout
    assert "did you mean jobs?" in refused.stdout


def test_code_scanning_gets_a_file_of_a_project_with_faults(tmp_path: Path) -> None:
    [validate] = [step for step in steps("github-code-scanning.yaml", "scan") if step.get("name") == "Validate"]
    (tmp_path / "eocanvas.yaml").write_text("version: 1\nproject: p\njbos: {}\n", "utf-8")
    assert run(validate, tmp_path).returncode == 1
    log = json.loads((tmp_path / "eocanvas.sarif").read_text("utf-8"))
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == ["unknown-field"]


def test_gitlab_gets_its_reports_of_a_project_with_faults(tmp_path: Path) -> None:
    job = yaml.safe_load((EXAMPLES / "ci" / "gitlab-validate.yaml").read_text("utf-8"))["eocanvas"]
    (tmp_path / "eocanvas.yaml").write_text("version: 1\nproject: p\njbos: {}\n", "utf-8")
    assert run({"run": "\n".join(job["script"])}, tmp_path).returncode == 1
    reports = job["artifacts"]["reports"]
    quality = json.loads((tmp_path / reports["codequality"]).read_text("utf-8"))
    assert [each["check_name"] for each in quality] == ["unknown-field"]
    assert "did you mean jobs?" in (tmp_path / reports["junit"]).read_text("utf-8")


def test_a_cluster_takes_the_job_and_its_command_carries_a_campaign_on(tmp_path: Path) -> None:
    job = yaml.safe_load((EXAMPLES / "ci" / "kubernetes-cronjob.yaml").read_text("utf-8"))
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    shutil.copytree(EXAMPLES / "campaign", tmp_path / "project")
    command = [*container["command"], *container["args"]]
    with running(Options(job_time=30.0, private_key=private_key())) as emulator:
        account = {"HDA_USER": DEFAULT_USER.name, "HDA_PASSWORD": DEFAULT_USER.password}
        environ = {
            **account,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "EOCANVAS_URL": emulator.url,
            "EOCANVAS_TOKEN_URL": emulator.token_url,
            "EOCANVAS_APPLY_LEDGER": str(tmp_path / "ledger.jsonl"),
        }

        def ended(words: list[str]) -> subprocess.CompletedProcess[str]:
            project = tmp_path / "project"
            return subprocess.run(words, cwd=project, env=environ, capture_output=True, text=True, check=False)

        # Before anyone has agreed to the manifest it does nothing.
        refused = ended(command)
        assert refused.returncode == 1
        assert "[nothing-accepted]" in refused.stderr
        assert ended([str(BIN / "eocanvas-apply"), "apply", "--yes", "--no-wait"]).returncode == 3
        carried_on = ended(command)
        assert carried_on.returncode == 0, carried_on.stderr


def test_the_image_runs_as_no_root_and_holds_no_secret() -> None:
    lines = (EXAMPLES / "ci" / "Containerfile").read_text("utf-8").splitlines()
    # A cluster that is asked for `runAsNonRoot` refuses an image whose user is a name.
    [user] = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert int(user) > 0
    assert 'ENTRYPOINT ["eocanvas-apply"]' in lines
    assert not [line for line in lines if line.startswith(("ENV", "ARG"))]

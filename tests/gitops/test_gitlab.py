"""A project lives in a repository at GitLab: plan in a merge request, apply of that very plan, scheduled pipelines,
a rename, and a report of what has drifted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.bucket_server import BucketServer
from tests.end_to_end.tool import GRAPH
from tests.gitops import gitlab as forge
from tests.gitops.gitlab import GitLab, Script
from tests.gitops.project import CANARY, JOBS, KEYS, RENAMED, launched, machine
from tests.gitops.repository import Repository

TEMPLATE = Path(__file__).parents[2] / "examples/ci/gitlab-gitops.yaml"


@pytest.fixture(name="gitlab")
def _gitlab(tmp_path: Path, emulator: RunningEmulator, bucket_server: BucketServer) -> Iterator[GitLab]:
    repository = Repository.created(tmp_path, {"eocanvas.yaml": KEYS, "graph.xml": GRAPH})
    variables = {
        **machine(emulator, bucket_server, tmp_path),
        **bucket_server.variables(),
        "EOCANVAS_APPLY_LEDGER": bucket_server.new_ledger(),
        "HDA_USER": DEFAULT_USER.name,
        "HDA_PASSWORD": DEFAULT_USER.password,
        "SCENES_ACCESS_KEY": "an-access-key",
        "SCENES_SECRET_KEY": CANARY,
    }
    with forge.project(repository, TEMPLATE, tmp_path / "gitlab", variables) as found:
        yield found


def succeeded(ran: Mapping[str, Script], *jobs: str) -> None:
    assert tuple(ran) == jobs
    for script in ran.values():
        assert script.code == 0, script.output
        assert CANARY not in script.output


def proposed(gitlab: GitLab, number: int, branch: str, files: dict[str, str]) -> str:
    """Commit files on a new branch, open a merge request, let its jobs run; return what the plan says."""
    gitlab.repository.branch(branch)
    ran = gitlab.of_merge_request(number, gitlab.repository.commit(branch, files))
    succeeded(ran, "validate", "plan")
    return ran["plan"].output


def shown(gitlab: GitLab, number: int) -> dict[str, int]:
    """What GitLab's widget shows of a merge request."""
    found: dict[str, int] = json.loads(gitlab.artifact(number, "plan", "plan.json").read_text("utf-8"))
    return found


def test_a_campaign_lives_in_a_repository(gitlab: GitLab, emulator: RunningEmulator) -> None:
    proposed(gitlab, 1, "tiles", {"eocanvas.yaml": KEYS + JOBS})
    assert shown(gitlab, 1) == {"create": 4, "update": 0, "delete": 0}
    assert launched(emulator) == 0
    succeeded(gitlab.of_merge(1, "tiles"), "apply")
    scheduled = 0
    while launched(emulator) < 3:
        succeeded(gitlab.on_schedule("continue"), "continue")
        assert (scheduled := scheduled + 1) < 20

    plan = proposed(gitlab, 2, "rename", {"eocanvas.yaml": RENAMED})
    assert "key.scenes is now key.images" in plan
    assert "job.tiles is now job.squares" in plan
    # The three are the results that --no-fetch has left.
    assert shown(gitlab, 2) == {"create": 0, "update": 3, "delete": 0}
    # As long as it is not merged, the schedule carries on with the old names.
    succeeded(gitlab.on_schedule("continue"), "continue")
    succeeded(gitlab.of_merge(2, "rename"), "apply")
    succeeded(gitlab.on_schedule("continue"), "continue")
    assert launched(emulator) == 3

    succeeded(gitlab.on_schedule("drift"), "drift")
    with emulator.model() as wire:
        [name] = [key.name for key in wire.service.keystore if key.name.startswith("coast-")]
        wire.service.keystore.delete(DEFAULT_USER, name, datetime.now(UTC))
    report = gitlab.on_schedule("drift")["drift"]
    assert report.code == 2, report.output
    assert "key.images" in report.output
    assert launched(emulator) == 3


def test_what_was_not_reviewed_is_not_applied(gitlab: GitLab, emulator: RunningEmulator) -> None:
    proposed(gitlab, 1, "tiles", {"eocanvas.yaml": KEYS + JOBS})
    proposed(gitlab, 2, "graph", {"graph.xml": GRAPH.replace('id="copy"', 'id="copied"')})
    gitlab.repository.merge("graph")
    stale = gitlab.of_merge(1, "tiles")["apply"]
    assert "graph.xml has changed since the plan was made" in stale.output
    assert stale.code
    direct = gitlab.of_push(gitlab.repository.commit("main", {"eocanvas.yaml": KEYS}))["apply"]
    assert "belongs to no merge request" in direct.output
    assert direct.code
    assert launched(emulator) == 0


def test_a_label_or_a_person_overrules_a_safety_rule(gitlab: GitLab, emulator: RunningEmulator) -> None:
    nothing = {"eocanvas.yaml": "version: 1\nproject: coast\n"}
    gitlab.repository.commit("main", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(gitlab.by_hand(), "by-hand")
    assert launched(emulator) == 2
    gitlab.repository.branch("nothing")
    head = gitlab.repository.commit("nothing", nothing)
    assert "unless --allow-empty" in gitlab.of_merge_request(1, head)["plan"].output
    succeeded(gitlab.of_merge_request(1, head, "documentation", "allow-empty"), "validate", "plan")
    succeeded(gitlab.of_merge(1, "nothing"), "apply")
    gitlab.repository.commit("main", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(gitlab.by_hand(), "by-hand")
    gitlab.repository.commit("main", nothing)
    refused = gitlab.by_hand()["by-hand"]
    assert "--allow-empty" in refused.output
    assert refused.code
    succeeded(gitlab.by_hand("--allow-empty"), "by-hand")

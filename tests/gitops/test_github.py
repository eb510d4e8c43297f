"""A project lives in a repository at GitHub: branch, plan, comment, merge, apply of that very plan, scheduled runs,
a rename, and a report of what has drifted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.bucket_server import ACCESS, SECRET, BucketServer
from tests.emulator.storages import REGION
from tests.end_to_end.tool import GRAPH
from tests.gitops.github import GitHub, PullRequest, Step
from tests.gitops.project import CANARY, JOBS, KEYS, RENAMED, launched, machine
from tests.gitops.repository import Repository

TEMPLATE = Path(__file__).parents[2] / "examples/ci/github-gitops.yaml"
DAILY = "30 5 * * *"
NOTHING = "version: 1\nproject: coast\n"


@pytest.fixture(name="github")
def _github(tmp_path: Path, emulator: RunningEmulator, bucket_server: BucketServer) -> GitHub:
    repository = Repository.created(tmp_path, {"eocanvas.yaml": KEYS, "graph.xml": GRAPH})
    secrets = {
        "HDA_USER": DEFAULT_USER.name,
        "HDA_PASSWORD": DEFAULT_USER.password,
        "SCENES_ACCESS_KEY": "an-access-key",
        "SCENES_SECRET_KEY": CANARY,
        "LEDGER_ACCESS_KEY": ACCESS,
        "LEDGER_SECRET_KEY": SECRET,
        "LEDGER_ENDPOINT": bucket_server.endpoint,
        "LEDGER_REGION": REGION,
        "EOCANVAS_APPLY_LEDGER": bucket_server.new_ledger(),
    }
    return GitHub.of(
        repository, TEMPLATE, tmp_path / "github", settings=secrets, environ=machine(emulator, bucket_server, tmp_path)
    )


def succeeded(ran: Mapping[str, list[Step]], *jobs: str) -> None:
    assert tuple(ran) == jobs
    for step in (step for steps in ran.values() for step in steps):
        assert step.code == 0, step
        assert CANARY not in step.out + step.err


def proposed(github: GitHub, branch: str, files: dict[str, str]) -> PullRequest:
    """Commit files on a new branch, open a pull request, and let its jobs run."""
    github.repository.branch(branch)
    pull = github.open(branch, github.repository.commit(branch, files))
    succeeded(github.of_pull_request(pull), "validate", "plan")
    return pull


def test_a_campaign_lives_in_a_repository(github: GitHub, emulator: RunningEmulator) -> None:
    pull = proposed(github, "tiles", {"eocanvas.yaml": KEYS + JOBS.replace("[a, b, c]", "[a, b]")})
    assert "**1 to create, 2 to launch**" in pull.comments[0]
    # Another commit edits the comment, whatever others wrote after it, and its plan takes the place of the first one.
    pull.comments.append("What a person says.")
    pull.head = github.repository.commit("tiles", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(github.of_pull_request(pull), "validate", "plan")
    [comment, said] = pull.comments
    assert said == "What a person says."
    assert "**1 to create, 3 to launch**" in comment
    assert "uses 3 units of the quota" in comment
    assert launched(emulator) == 0

    succeeded(github.of_push(github.merge(pull)), "apply")
    assert launched(emulator) == 2
    scheduled = 0
    while launched(emulator) < 3:
        succeeded(github.on_schedule(), "continue")
        assert (scheduled := scheduled + 1) < 20

    pull = proposed(github, "rename", {"eocanvas.yaml": RENAMED})
    assert "**2 moved, 3 to fetch**" in pull.comments[0]
    assert "job.tiles is now job.squares" in pull.comments[0]
    succeeded(github.of_push(github.merge(pull)), "apply")
    succeeded(github.on_schedule(), "continue")
    assert launched(emulator) == 3

    succeeded(github.on_schedule(DAILY), "drift")
    with emulator.model() as wire:
        [name] = [key.name for key in wire.service.keystore if key.name.startswith("coast-")]
        wire.service.keystore.delete(DEFAULT_USER, name, datetime.now(UTC))
    [*_, report] = github.on_schedule(DAILY)["drift"]
    assert report.code == 2, report
    assert "key.images" in github.summary


def test_what_was_not_reviewed_is_not_applied(github: GitHub, emulator: RunningEmulator) -> None:
    first = proposed(github, "tiles", {"eocanvas.yaml": KEYS + JOBS})
    second = proposed(github, "graph", {"graph.xml": GRAPH.replace('id="copy"', 'id="copied"')})
    github.merge(second)
    # The merge of the first makes what no plan was made of.
    [*_, applied] = github.of_push(github.merge(first))["apply"]
    assert (applied.name, applied.code) == ("Apply the reviewed plan", 1)
    assert "graph.xml has changed since the plan was made" in applied.err
    [*_, carried_on] = github.on_schedule()["continue"]
    assert carried_on.code == 1
    assert "[nothing-accepted]" in carried_on.err or "[plan-stale]" in carried_on.err
    direct = github.repository.commit("main", {"eocanvas.yaml": KEYS})
    [*_, found] = github.of_push(direct)["apply"]
    assert (found.name, found.code) == ("Find the reviewed plan", 1)
    assert "belongs to no pull request" in found.out
    assert launched(emulator) == 0


def test_a_person_starts_what_no_pull_request_has_reviewed(github: GitHub, emulator: RunningEmulator) -> None:
    github.repository.commit("main", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(github.by_hand(), "by-hand")
    assert launched(emulator) == 2
    succeeded(github.on_schedule(), "continue")


def test_a_label_or_a_person_overrules_a_safety_rule(github: GitHub) -> None:
    github.repository.commit("main", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(github.by_hand(), "by-hand")
    pull = proposed(github, "nothing", {"eocanvas.yaml": NOTHING})
    assert "apply refuses this unless --allow-empty is given" in pull.comments[0]
    pull.labels = ("documentation", "allow-empty")
    succeeded(github.of_pull_request(pull), "validate", "plan")
    assert "apply refuses" not in pull.comments[0]
    succeeded(github.of_push(github.merge(pull)), "apply")
    github.repository.commit("main", {"eocanvas.yaml": KEYS + JOBS})
    succeeded(github.by_hand(), "by-hand")
    github.repository.commit("main", {"eocanvas.yaml": NOTHING})
    [*_, refused] = github.by_hand()["by-hand"]
    assert refused.code == 1, refused
    assert "--allow-empty" in refused.err
    succeeded(github.by_hand("--allow-empty"), "by-hand")


def test_no_value_from_outside_is_written_into_a_shell_step() -> None:
    workflow = yaml.safe_load(TEMPLATE.read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert not [step for step in steps if "${{" in step.get("run", "")]
    assert "pull_request_target" not in TEMPLATE.read_text("utf-8")
    assert workflow["permissions"] == {"contents": "read"}


def test_what_does_not_need_a_secret_sees_none() -> None:
    jobs = yaml.safe_load(TEMPLATE.read_text("utf-8"))["jobs"]
    assert "env" not in jobs["validate"]
    [settings] = {str(jobs[name]["env"]) for name in ("plan", "apply", "continue", "by-hand", "drift")}
    named = re.findall(r"\$\{\{ (?:secrets|vars)\.(\w+) \}\}", settings)
    assert sorted(named) == sorted(set(named))


def test_a_pull_request_from_a_fork_gets_the_plan_without_the_service(
    github: GitHub, emulator: RunningEmulator
) -> None:
    github.repository.branch("strange")
    pull = github.open("strange", github.repository.commit("strange", {"eocanvas.yaml": KEYS + JOBS}))
    succeeded(github.of_pull_request(pull, "stranger/coast"), "validate")
    assert not pull.comments
    with emulator.model() as wire:
        assert not wire.received

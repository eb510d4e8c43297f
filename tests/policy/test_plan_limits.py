"""What a run does only later counts for the policy from its first plan on."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.policy.plan_limits import plan_refusals, within_run
from eocanvas_apply.policy.policy_file import read_policy
from tests.golden.case import Case

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize(
    ("case", "deletes"),
    [
        ("key-removed-while-a-job-uses-it", 1),
        ("rotation-in-place-waits", 1),
        ("fixed-key-secret-changed-waits-for-anybodys-job", 1),
        ("first-run", 0),
    ],
)
def test_a_key_that_goes_when_no_job_uses_it_counts_as_deleted(tmp_path: Path, case: str, deletes: int) -> None:
    (tmp_path / "policy.yaml").write_text("version: 1\ndeletes_per_run: 0\n", encoding="utf-8")
    found, policy = Case(GOLDEN / case), read_policy(tmp_path / "policy.yaml")
    refused = [each.message for each in plan_refusals(policy, found.plan(), found.recorded(), Requests())]
    words = f"policy rule `deletes_per_run`: keys that this run deletes or replaces: {deletes}"
    assert refused == ([words] if deletes else [])


@pytest.mark.parametrize(
    ("rules", "limit", "allowed"),
    [
        ("", None, None),
        ("", 5, 5),
        ("launches_per_run: 0\n", None, 0),
        ("launches_per_run: 2\n", 5, 2),
        ("launches_per_run: 9\n", 5, 5),
        ("launches_in_all: 3\n", None, 3),
        ("launches_in_all: 3\nlaunches_per_run: 2\n", None, 2),
    ],
)
def test_the_smallest_limit_holds_for_a_whole_run(
    tmp_path: Path, rules: str, limit: int | None, allowed: int | None
) -> None:
    (tmp_path / "policy.yaml").write_text(f"version: 1\n{rules}", encoding="utf-8")
    policy = read_policy(tmp_path / "policy.yaml")
    assert within_run(policy, Recorded(), Requests(limit=limit)).limit == allowed

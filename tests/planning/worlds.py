"""Random scenes: keys and jobs in every state that a week of runs, losses and edits can leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from hypothesis import strategies as st
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.planning.scene import AT, HOUR, MINUTE, SECOND, WEEK, Scene

KEY_STATES = ("new", "live", "missing", "over", "soon", "open", "open-seen", "turned-up", "two", "draining", "drifted")
JOB_STATES = (
    "new", "open", "settled", "settled-twice", "withdrawn", "access", "request", "same-job", "running", "stuck",
    "vanished", "successful", "done", "failed", "dismissed", "duplicated", "no-result",
)  # fmt: skip
SEEN = ("nothing", "late", "silent", "own", "foreign", "cut")


@dataclass(frozen=True)
class KeyPlot:
    """What happened to one key, and what the manifest says of it now."""

    state: str
    fixed: bool
    edited: bool
    kept: bool


@dataclass(frozen=True)
class JobPlot:
    """What happened to one job, what the service shows beside it, and what the manifest says of it now."""

    state: str
    seen: str
    edited: bool
    removed: bool
    forgotten: bool
    marked: bool
    on_doubt: str


KEYS = st.lists(
    st.builds(KeyPlot, st.sampled_from(KEY_STATES), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=3
)
JOBS = st.lists(
    st.builds(
        JobPlot,
        state=st.sampled_from(JOB_STATES),
        seen=st.sampled_from(SEEN),
        edited=st.booleans(),
        removed=st.booleans(),
        forgotten=st.booleans(),
        marked=st.booleans(),
        on_doubt=st.sampled_from(["ask", "launch"]),
    ),
    max_size=5,
)
# Jobs that need no key any more, as the manifest stands.
ENDED = st.lists(
    st.builds(
        JobPlot,
        state=st.sampled_from(["done", "dismissed", "running"]),
        seen=st.just("nothing"),
        edited=st.just(False),
        removed=st.just(False),
        forgotten=st.just(False),
        marked=st.booleans(),
        on_doubt=st.just("ask"),
    ),
    min_size=1,
    max_size=3,
)
REQUESTS = st.builds(
    Requests,
    destroy=st.booleans(),
    forget=st.frozensets(st.sampled_from(["job.j0", "job.j1"])),
    launches_stopped=st.booleans(),
)


def world(keys: list[KeyPlot], jobs: list[JobPlot], complete: bool = True) -> Scene:
    """Play the plots: keys are made, jobs launched, then the rest happens, then the manifest changes."""
    scene = Scene(manifest(keys, jobs, edited=False), complete=complete)
    for number, _ in enumerate(keys):
        scene.make_key(f"k{number}", send_before=AT - 2 * HOUR)
    for number, job in enumerate(jobs):
        _play_job(scene, number, job)
    for number, key in enumerate(keys):
        _play_key(scene, number, key)
    scene.now_reads(manifest(keys, jobs, edited=True))
    return scene


def manifest(keys: list[KeyPlot], jobs: list[JobPlot], *, edited: bool) -> str:
    lines = ["version: 1", "project: baltic", "keys:"]
    named = {number % len(keys) for number, job in enumerate(jobs) if not (edited and job.removed)}
    for number, key in enumerate(keys):
        if edited and key.edited and number not in named and not key.kept:
            continue
        fields = [f"type: s3-public, bucket: {'new' if edited and key.edited else 'old'}, region: r"]
        fields += ["endpoint: 'https://s3.example.org'", f"keep: {str(key.kept).lower()}"]
        fields += [f"name: fixed-{number}"] if key.fixed else []
        lines.append(f"  k{number}: {{{', '.join(fields)}}}")
    lines = lines if len(lines) > 3 else lines[:2]
    kept = [(number, job) for number, job in enumerate(jobs) if not (edited and job.removed)]
    lines += ["jobs:"] if kept else []
    for number, job in kept:
        path = f"/{'b' if edited and job.edited else 'a'}{number}"
        lines.append(
            f"  j{number}: {{graph: graph.xml, mark: {str(job.marked).lower()}, on_doubt: {job.on_doubt}, "
            f"inputs: {{img1: {{key: k{number % len(keys)}, path: {path}}}}}}}"
        )
    return "\n".join(lines) + "\n"


def _play_key(scene: Scene, number: int, key: KeyPlot) -> None:
    name, address = f"k{number}", f"key.k{number}"
    record = scene.recorded.keys[address].generations[1]
    named: dict[str, Any] = {"address": address, "generation": 1, "name": record.name}
    if key.state in ("missing", "new"):
        del scene.keys[record.name]
    if key.state == "new":
        scene.events += [e.KeyDeleteIntended(**named), e.KeyDeleted(**named)]
    if key.state in ("over", "soon"):
        end = AT - MINUTE if key.state == "over" else AT + MINUTE
        scene.keys[record.name] = replace(scene.keys[record.name], expires=end)
    if key.state == "draining":
        scene.events.append(e.KeyDrainIntended(**named))
    if key.state == "drifted":
        scene.keys[record.name] = replace(scene.keys[record.name], public=True)
    if key.state in ("open", "open-seen", "turned-up", "two") and not key.fixed:
        _second_generation(scene, name, key.state)


def _second_generation(scene: Scene, name: str, state: str) -> None:
    if state == "two":
        scene.make_key(name, 2, send_before=AT - HOUR)
        return
    intended = scene.intend_key(name, 2, send_before=AT - 10 * SECOND)
    if state != "open":
        scene.show_key(intended, AT - 10 * SECOND, AT + WEEK)
    if state == "turned-up":
        scene.events.append(
            e.KeyAbandoned(
                address=intended.address, generation=2, name=intended.name, intent=intended.intent, reason="late"
            )
        )


def _play_job(scene: Scene, number: int, job: JobPlot) -> None:
    name, address, intent = f"j{number}", f"job.j{number}", number + 1
    if job.state == "new":
        return
    if job.state in ("running", "stuck", "vanished", "failed", "dismissed", "successful", "no-result", "duplicated"):
        _play_run(scene, name, intent, job.state)
    elif job.state == "done":
        scene.done(name, intent)
    else:
        _play_intent(scene, name, intent, job)
    if job.forgotten:
        scene.events.append(e.Forgotten(address=address, reason="not-in-manifest"))


def _play_run(scene: Scene, name: str, intent: int, state: str) -> None:
    status = {"stuck": "running", "vanished": "running", "no-result": "successful", "duplicated": "running"}
    created = AT - (25 * HOUR if state == "stuck" else 30 * MINUTE)
    job_id = scene.launched(name, intent, status=status.get(state, state), created=created)
    address = f"job.{name}"
    if state == "vanished":
        del scene.jobs[job_id]
        scene.sees(gone=frozenset({*scene.changes.get("gone", ()), job_id}))
        scene.events.append(e.PassObserved(address=address, job_id=job_id, begun=AT - 20 * MINUTE, by_id=True))
    if state == "no-result":
        scene.events.append(e.ResultsListed(address=address, job_id=job_id, looked=AT - 20 * MINUTE))
    if state == "duplicated":
        late = scene.intend(name, intent + 100, decided=AT - 3 * HOUR)
        scene.events.append(e.JobAbandoned(address=address, intent=late.intent))
        scene.show_job(f"late-{intent}", "running", AT - 2 * HOUR)
        scene.logs[f"late-{intent}"] = scene.log(name, intent + 100)


def _play_intent(scene: Scene, name: str, number: int, job: JobPlot) -> None:
    ago = MINUTE if job.state == "open" else 25 * MINUTE
    intended = scene.intend(name, number, decided=AT - ago)
    common: dict[str, Any] = {"address": intended.address, "intent": intended.intent}
    passes = {"settled": (2,), "settled-twice": (3, 2)}.get(job.state, ())
    scene.events += [e.PassObserved(**common, begun=AT - timedelta(minutes=minutes)) for minutes in passes]
    if job.state == "withdrawn":
        scene.events.append(e.JobWithdrawn(**common, reason="not-sent"))
    refused = {"access": 403, "request": 400, "same-job": 200}.get(job.state)
    if refused:
        scene.events.append(e.JobRefused(**common, status=refused, refusal=cast(Any, job.state)))
    _show_candidate(scene, name, number, job)


def _show_candidate(scene: Scene, name: str, number: int, job: JobPlot) -> None:
    if job.seen == "nothing":
        return
    job_id = f"unknown-{number}"
    scene.show_job(job_id, "failed" if job.seen in ("silent", "cut") else "running", AT - MINUTE)
    whole = scene.log(name, number if job.seen == "own" else number + 500)
    scene.logs[job_id] = {"late": "", "silent": "", "cut": whole[:40]}.get(job.seen, whole)

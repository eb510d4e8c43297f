"""GitLab as far as a pipeline needs it: merge requests, the artifacts of their pipelines, and its API over HTTP.

The scripts run as they stand, in a fresh clone; what they ask the API is answered by a server on this machine.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from tests.gitops.repository import Repository

TOKEN = "a-project-token"
_COMMIT = re.compile(r"/projects/7/repository/commits/(\w+)/merge_requests")
_ARTIFACT = re.compile(r"/projects/7/jobs/artifacts/refs/merge-requests/(\d+)/head/raw/(.+)\?job=(\w+)")


@dataclass(frozen=True)
class Script:
    """How the script of a job ended."""

    code: int
    output: str


@dataclass
class GitLab:
    """One project: `merged` are the merge requests by the commit of the merge."""

    repository: Repository
    pipeline: Mapping[str, Any]
    folder: Path
    environ: Mapping[str, str]
    api: str
    merged: dict[str, int] = field(default_factory=dict)
    pipelines: int = 0

    def of_merge_request(self, number: int, head: str, *labels: str) -> dict[str, Script]:
        """Run the pipeline of a merge request; its artifacts are kept under its number."""
        variables = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}
        own = {"CI_MERGE_REQUEST_IID": str(number), "CI_MERGE_REQUEST_LABELS": ",".join(labels)}
        return self._run(head, variables | own)

    def of_merge(self, number: int, branch: str) -> dict[str, Script]:
        """Merge a branch, and run the pipeline of the merge."""
        commit = self.repository.merge(branch)
        self.merged[commit] = number
        return self.of_push(commit)

    def of_push(self, commit: str) -> dict[str, Script]:
        """Run the pipeline of a commit on the default branch."""
        return self._run(commit, {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"})

    def on_schedule(self, task: str) -> dict[str, Script]:
        """Run a scheduled pipeline."""
        return self._run("origin/main", {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "TASK": task})

    def by_hand(self, flags: str = "") -> dict[str, Script]:
        """Run the pipeline that a person starts for the default branch."""
        return self._run("origin/main", {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main", "FLAGS": flags})

    def artifact(self, number: int, job: str, name: str) -> Path:
        """Where an artifact of a merge request's latest pipeline is."""
        return self.folder / "artifacts" / str(number) / job / name

    def _run(self, commit: str, variables: Mapping[str, str]) -> dict[str, Script]:
        self.pipelines += 1
        known = {**variables, "CI_PROJECT_ID": "7", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": commit}
        jobs = {name: job for name, job in self.pipeline.items() if "script" in job}
        return {n: self._job(n, job, known) for n, job in jobs.items() if _holds(job["rules"][0]["if"], known)}

    def _job(self, name: str, job: Mapping[str, Any], known: Mapping[str, str]) -> Script:
        place = self.folder / f"{self.pipelines}-{name}"
        self.repository.checkout(known["CI_COMMIT_SHA"], place)
        lines = [*self.pipeline["default"]["before_script"], *job["script"]]
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join(lines)],
            cwd=place,
            env={**self.environ, **known, "CI": "true", "CI_API_V4_URL": self.api, "GITLAB_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        if number := known.get("CI_MERGE_REQUEST_IID"):
            self._keep(int(number), name, place, job.get("artifacts", {}))
        return Script(ended.returncode, ended.stdout)

    def _keep(self, number: int, job: str, place: Path, artifacts: Mapping[str, Any]) -> None:
        for path in (*artifacts.get("paths", ()), *artifacts.get("reports", {}).values()):
            if (place / path).exists():
                to = self.artifact(number, job, path)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(place / path, to)

    def answer(self, path: str) -> bytes | None:
        """Return what the API answers to a path, None for 404."""
        if found := _COMMIT.fullmatch(path):
            number = self.merged.get(found[1])
            return json.dumps([] if number is None else [{"iid": number}]).encode()
        if found := _ARTIFACT.fullmatch(path):
            file = self.artifact(int(found[1]), found[3], found[2])
            return file.read_bytes() if file.exists() else None
        return None


@contextmanager
def project(repository: Repository, template: Path, folder: Path, environ: Mapping[str, str]) -> Iterator[GitLab]:
    """Serve the API of a project with this pipeline, on a free port of this machine."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            own = self.headers["PRIVATE-TOKEN"] == TOKEN
            content = found.answer(unquote(self.path)) if own else None
            self.send_response(200 if content is not None else 404 if own else 401)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    address = f"http://127.0.0.1:{server.server_port}"
    found = GitLab(repository, yaml.safe_load(template.read_text("utf-8")), folder, environ, address)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _holds(condition: str, known: Mapping[str, str]) -> bool:
    """Judge `$A == "b" && $C == $D`, all that the pipeline needs."""

    def value(side: str) -> str:
        side = side.strip()
        return known.get(side[1:], "") if side.startswith("$") else side.strip('"')

    comparisons = (comparison.split("==") for comparison in condition.split("&&"))
    return all(value(left) == value(right) for left, right in comparisons)

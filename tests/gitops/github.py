"""GitHub as far as a workflow needs it: pull requests with comments, runs with artifacts, and the jobs of a workflow.

The shell steps run as they stand. Of the actions there are checkout and upload-artifact; `gh` is a program that does
with these values what GitHub's does with the real ones.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.gitops.repository import Repository

_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
# What a runner has before the first step: no step may need it to be there.
_PREPARES = ("actions/setup-python@v5",)


@dataclass
class PullRequest:
    """Its commits by the latest one, and its comments, oldest first."""

    number: int
    branch: str
    head: str
    comments: list[str] = field(default_factory=list)
    labels: tuple[str, ...] = ()


@dataclass
class GitHub:
    """One repository with its pull requests, and the artifacts of the runs for their commits."""

    repository: Repository
    workflow: Mapping[str, Any]
    folder: Path
    settings: Mapping[str, str]
    environ: Mapping[str, str]
    pulls: list[PullRequest] = field(default_factory=list)
    merged: dict[str, PullRequest] = field(default_factory=dict)
    runs: int = 0

    @classmethod
    def of(
        cls,
        repository: Repository,
        template: Path,
        folder: Path,
        *,
        settings: Mapping[str, str],
        environ: Mapping[str, str],
    ) -> GitHub:
        """Return a repository with a workflow; `settings` are secrets and variables, `environ` what runners have."""
        found = cls(repository, yaml.safe_load(template.read_text("utf-8")), folder, settings, environ)
        program = folder / "bin" / "gh"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!{sys.executable}\n{Path(__file__).with_name('gh_program.py').read_text('utf-8')}")
        program.chmod(0o755)
        return found

    def open(self, branch: str, head: str) -> PullRequest:
        """Open a pull request for a branch."""
        self.pulls.append(PullRequest(len(self.pulls) + 1, branch, head))
        return self.pulls[-1]

    def merge(self, pull: PullRequest) -> str:
        """Merge a pull request; return the commit on `main`."""
        commit = self.repository.merge(pull.branch)
        self.merged[commit] = pull
        return commit

    def of_pull_request(self, pull: PullRequest, source: str = "jane/coast") -> dict[str, list[Step]]:
        """Run the jobs that a new commit of a pull request starts; return their steps by the job.

        From a `source` that is a fork no setting is seen.
        """
        context = {
            "github.event_name": "pull_request",
            "github.event.pull_request.number": str(pull.number),
            "github.event.pull_request.head.sha": pull.head,
            "github.event.pull_request.head.repo.full_name": source,
            "join(github.event.pull_request.labels.*.name, ' ')": " ".join(pull.labels),
        }
        return self._run(pull.head, context)

    def of_push(self, commit: str) -> dict[str, list[Step]]:
        """Run the jobs that a commit on `main` starts."""
        return self._run(commit, {"github.event_name": "push"})

    def on_schedule(self, cron: str = "*/15 * * * *") -> dict[str, list[Step]]:
        """Run the jobs that a time starts."""
        return self._run("origin/main", {"github.event_name": "schedule", "github.event.schedule": cron})

    def by_hand(self, flags: str = "") -> dict[str, list[Step]]:
        """Run the jobs that a person starts for `main`, with what is typed into the form."""
        return self._run("origin/main", {"github.event_name": "workflow_dispatch", "inputs.flags": flags})

    @property
    def summary(self) -> str:
        """What the last steps have written for people."""
        return (self.folder / "summary.md").read_text(encoding="utf-8")

    def _run(self, commit: str, event: Mapping[str, str]) -> dict[str, list[Step]]:
        self.runs += 1
        context = {**event, "github.sha": commit, "github.repository": "jane/coast", "github.token": "a-token"}
        jobs = self.workflow["jobs"].items()
        return {name: self._steps(job, context) for name, job in jobs if _holds(job["if"], context)}

    def _steps(self, job: Mapping[str, Any], context: Mapping[str, str]) -> list[Step]:
        """Run the steps of a job in a new folder, until one fails."""
        place = self.folder / f"run-{self.runs}-{context['github.event_name']}-{len(list(self.folder.iterdir()))}"
        done: list[Step] = []
        for step in job["steps"]:
            if "run" in step:
                done.append(self._shell(job, step, place, context))
                if done[-1].code:
                    break
            elif step["uses"] not in _PREPARES:
                self._action(step, place, context)
        self._take_comments()
        return done

    def _action(self, step: Mapping[str, Any], place: Path, context: Mapping[str, str]) -> None:
        given = {name: self._filled(value, context) for name, value in step.get("with", {}).items()}
        if step["uses"] == "actions/checkout@v4":
            self.repository.checkout(given.get("ref", context["github.sha"]), place)
        elif step["uses"] == "actions/upload-artifact@v4":
            to = self.artifacts(context["github.sha"]) / given["name"]
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(place / given["path"], to)
        else:
            raise NotImplementedError(step["uses"])

    def artifacts(self, commit: str) -> Path:
        """The folder of what the runs for a commit have uploaded."""
        return self.folder / "artifacts" / commit

    def _shell(self, job: Mapping[str, Any], step: Mapping[str, Any], place: Path, context: Mapping[str, str]) -> Step:
        own = {**job.get("env", {}), **step.get("env", {})}
        environ = {name: self._filled(value, context) for name, value in own.items()}
        # A variable that is not set is empty at GitHub too.
        (self.folder / "github.json").write_text(json.dumps(self._state(context)), encoding="utf-8")
        path = os.pathsep.join([str(self.folder / "bin"), self.environ["PATH"]])
        fixed = {"PATH": path, "GITHUB_REPOSITORY": "jane/coast", "CI": "true", "GITHUB_STATE": str(self.folder)}
        fixed["GITHUB_STEP_SUMMARY"] = str(self.folder / "summary.md")
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=place,
            env={**self.environ, **environ, **fixed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Step(step["name"], ended.returncode, ended.stdout, ended.stderr)

    def _state(self, context: Mapping[str, str]) -> dict[str, Any]:
        pull = self.merged.get(context["github.sha"])
        return {"comments": {str(p.number): p.comments for p in self.pulls}, "head": pull.head if pull else None}

    def _take_comments(self) -> None:
        state = self.folder / "github.json"
        for number, comments in json.loads(state.read_text("utf-8"))["comments"].items() if state.exists() else ():
            self.pulls[int(number) - 1].comments = comments

    def _settings(self, context: Mapping[str, str]) -> Mapping[str, str]:
        source = context.get("github.event.pull_request.head.repo.full_name", context["github.repository"])
        return self.settings if source == context["github.repository"] else {}

    def _filled(self, value: Any, context: Mapping[str, str]) -> str:
        values = {
            **{f"{kind}.{name}": v for kind in ("secrets", "vars") for name, v in self._settings(context).items()},
            **context,
        }
        return _EXPRESSION.sub(lambda found: values.get(found[1], ""), str(value))


@dataclass(frozen=True)
class Step:
    """How a shell step ended."""

    name: str
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"{self.name}: exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def _holds(condition: str, context: Mapping[str, str]) -> bool:
    """Judge `a == 'b' && c == d`, all that the workflow needs."""
    return all(left == right for left, right in _comparisons(condition, context))


def _comparisons(condition: str, context: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for comparison in condition.split("&&"):
        left, right = (side.strip() for side in comparison.split("=="))
        yield context.get(left, ""), right.strip("'") if right.startswith("'") else context.get(right, "")

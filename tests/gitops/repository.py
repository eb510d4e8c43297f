"""A scratch Git repository: a bare one as the remote, and a person who works on branches of it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Jane",
    "GIT_AUTHOR_EMAIL": "jane@example.org",
    "GIT_COMMITTER_NAME": "Jane",
    "GIT_COMMITTER_EMAIL": "jane@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass
class Repository:
    """`remote` is what a forge keeps; `work` is the clone of the person."""

    folder: Path

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @classmethod
    def created(cls, folder: Path, files: dict[str, str]) -> Repository:
        """Create it with a first commit of these files on `main`."""
        made = cls(folder)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(made.remote))
        git(folder, "clone", "--quiet", str(made.remote), str(made.work))
        git(made.work, "symbolic-ref", "HEAD", "refs/heads/main")
        made.commit("main", files)
        return made

    def branch(self, name: str) -> None:
        """Begin a branch at the remote's `main`."""
        git(self.work, "fetch", "--quiet", "origin")
        git(self.work, "switch", "--quiet", "--create", name, "origin/main")

    def commit(self, branch: str, files: dict[str, str]) -> str:
        """Commit files on a branch and push it; return the commit."""
        # There is no branch to switch to before the first commit.
        if git(self.work, "symbolic-ref", "--short", "HEAD") != branch:
            git(self.work, "switch", "--quiet", branch)
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text, encoding="utf-8")
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", f"Change {', '.join(files)}")
        git(self.work, "push", "--quiet", "origin", branch)
        return git(self.work, "rev-parse", "HEAD")

    def merge(self, branch: str) -> str:
        """Merge a branch into `main` as a forge does, with a commit of its own; return that."""
        git(self.work, "switch", "--quiet", "main")
        git(self.work, "merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        git(self.work, "push", "--quiet", "origin", "main")
        return git(self.work, "rev-parse", "HEAD")

    def checkout(self, commit: str, to: Path) -> None:
        """Clone the remote into a new folder, at a commit."""
        git(self.folder, "clone", "--quiet", str(self.remote), str(to))
        git(to, "checkout", "--quiet", commit)


def git(folder: Path, *words: str) -> str:
    """Run git and return what it prints."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **IDENTITY}
    ended = subprocess.run(
        ["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, f"git {' '.join(words)}: {ended.stderr}"
    return ended.stdout.strip()

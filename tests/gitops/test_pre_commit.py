"""The hook for pre-commit, installed and run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.tool import GRAPH
from tests.gitops.project import JOBS, KEYS
from tests.gitops.repository import git

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples/ci/pre-commit-config.yaml"
ADDRESS = "https://git.example.org/eocanvas-apply"
# What an installation is made of.
PARTS = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "eocanvas_apply")


def hooks(folder: Path) -> Path:
    """Return a repository of this project, as it stands here, with its first release."""
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Release")
    git(folder, "tag", "v0.1.0")
    return folder


def run(project: Path, home: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("pre-commit"))
    environ = {**os.environ, "PRE_COMMIT_HOME": str(home)}
    return subprocess.run(
        [program, "run", "--all-files"],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_commit_with_a_fault_is_refused_with_its_line(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    config = TEMPLATE.read_text("utf-8").replace(ADDRESS, str(hooks(tmp_path / "hooks")))
    files = {".pre-commit-config.yaml": config, "eocanvas.yaml": KEYS + JOBS, "graph.xml": GRAPH}
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    passed = run(project, tmp_path / "home")
    assert passed.returncode == 0, passed.stdout
    (project / "eocanvas.yaml").write_text(KEYS + JOBS.replace("jobs:", "jbos:"), encoding="utf-8")
    git(project, "add", "--all")
    refused = run(project, tmp_path / "home")
    assert refused.returncode == 1, refused.stdout
    assert "eocanvas.yaml:11:1: error" in refused.stdout
    assert "did you mean jobs?" in refused.stdout

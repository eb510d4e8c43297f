"""The commands that are measured, what they are told of the service, and the reference of those on a campaign."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import project
from bench.timing import Usage, usage

OURS = [sys.executable, "-m", "eocanvas_apply"]
APPLY = [*OURS, "apply", "--yes"]
# What `read` does.
READING = "opening the manifest, reading and parsing its rows and ledger"


def service_at(url: str, token_url: str) -> dict[str, str]:
    """Return the settings of a command: where the service is, the account, and the secrets of keys."""
    return {"EOCANVAS_URL": url, "EOCANVAS_TOKEN_URL": token_url, **project.ACCOUNT, **project.SECRETS}


def on(place: Path, command: Sequence[str], env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)) -> Usage:
    """Run one of our commands on the project in a folder."""
    return usage([*OURS, *command, "-f", str(place / "eocanvas.yaml")], env=env, ends=ends)


def read(place: Path) -> Usage:
    """Open the manifest of a campaign as every command does, and read its rows and ledger."""
    return usage([sys.executable, "-m", "bench.reading", str(place)])


def write_campaign(place: Path, number: int, *more: str) -> None:
    """Write a campaign of so many instances, in a process of its own: a child's memory begins as a copy of ours."""
    usage([sys.executable, "-m", "bench.campaign", str(place), str(number), *more])

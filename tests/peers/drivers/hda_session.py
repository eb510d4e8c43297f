"""What every driver of the HDA client begins and ends with: its task from stdin, the client, its answer to stdout.

The drivers run in the environment of the official client, where nothing of ours is installed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

# The client may print; stdout is kept for the answer.
_stdout, sys.stdout = sys.stdout, sys.stderr

from hda import Client, Configuration  # noqa: E402
from hda.api import QuotaReachedError  # noqa: E402
from hda.utils import convert  # noqa: E402

__all__ = ["QuotaReachedError", "begin", "convert", "tell"]


def begin() -> tuple[Any, dict[str, Any]]:
    """Return the client, which has not logged in yet, and the task."""
    task = json.load(sys.stdin)
    configuration = Configuration(url=task["hda_url"], user=task["user"], password=task["password"])
    return Client(configuration, retry_max=2, sleep_max=1, progress=False), task


def tell(answer: Any) -> None:
    """Give the answer."""
    json.dump(answer, _stdout, default=str)
    _stdout.flush()

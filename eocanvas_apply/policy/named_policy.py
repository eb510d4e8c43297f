"""Which policy a run has. Most have none, and need nothing else of this room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eocanvas_apply.policy.policy_file import PolicyFile

VARIABLE = "EOCANVAS_APPLY_POLICY"


def find_policy(given: str | None, environ: Mapping[str, str]) -> PolicyFile | None:
    """Return the policy of a path, else of EOCANVAS_APPLY_POLICY, None where neither is set.

    Raises ManifestError, and UsageError for an empty path.
    """
    if given == "":
        # An option without a path, as of a variable of a script that is not set, must not count as no policy.
        raise UsageError(error("usage", "--policy names no file", "write --policy FILE, or leave it out"))
    named = given or environ.get(VARIABLE)
    if not named:
        return None
    from eocanvas_apply.policy.policy_file import read_policy

    return read_policy(Path(named), "--policy" if given else VARIABLE)

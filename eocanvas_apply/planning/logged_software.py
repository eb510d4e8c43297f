"""Which versions of SNAP and the Data Tailor the log of a job shows."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A version as programs write them: at least two numbers, then what follows without a blank.
_VERSION = r"(\d{1,4}(?:\.\d{1,6}){1,3}(?:[-+.]?[A-Za-z0-9]{1,20}){0,3})"
# By the process whose logs are searched, a name and the line that a version stands in. What `gpt --diag` prints, and
# what SNAP says at its start where a newer one exists, in senbox-org/snap-engine: .../gpf/main/CommandLineTool.java and
# .../core/util/EngineVersionCheckActivator.java. No public log of the Data Tailor shows one: its names and a version.
_LINES = {
    "snap-function": {
        "ESA SNAP": rf"^(?:SNAP Release version |Currently installed (?=[\d.]{{3,30}}, available is )){_VERSION}",
    },
    "dataTailor": {
        "EUMETSAT Data Tailor": rf"^[^'\"\n]{{0,200}}\b(?:EPCT|epct|Data ?Tailor)[ -](?:version:?|v\.?) ?{_VERSION}",
    },
}
_COLOURS = r"\x1b\[[0-9;]{0,30}m"


def shows_versions(process: str) -> bool:
    """Tell whether the logs of a process may show a version."""
    return process in _LINES


def software_in(log: str, process: str | None) -> Mapping[str, str]:
    """Return the versions by the names of the programs, as the log of a process shows them; nothing it does not."""
    text = re.sub(_COLOURS, "", log) if "\x1b" in log else log
    lines = _LINES.get(process or "", {}).items()
    return {name: found[1] for name, line in lines if (found := re.search(line, text, re.MULTILINE))}

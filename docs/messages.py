"""The blocks of `docs/reference/messages.md`: what is printed of each code, to be found by its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from docs.markdown import plain, table
from eocanvas_apply.checks.codes import codes, subjects
from eocanvas_apply.checks.explanations import explanations

_LONGEST = 160


def blocks() -> Iterator[str]:
    """Yield the parts of the page."""
    yield (
        "What the program prints, as the tests recorded it, and the page that explains it. Names and numbers are those "
        "of the test. Search for a few words of your message, or for the code in brackets at its end."
    )
    for subject, title in subjects().items():
        found = {code.name: message(code.name) for code in codes().values() if code.subject == subject}
        yield f"## {title}"
        rows = ((plain(text), f"[`{name}`](diagnostic-codes.md#{name})") for name, text in found.items() if text)
        yield table(("message", "code"), sorted(rows, key=lambda row: row[0].lower()))


def message(code: str) -> str:
    """Return the message that was recorded of a code, in one line; without one, what the code is about."""
    says = explanations()[code].says
    _, _, printed = says.partition("\n")
    if printed.lstrip().startswith("{"):
        return str(json.loads(printed)["message"])
    # A diagnostic has a place and a severity before its words, a remark of a log its job.
    start = r"(?:(?:^|: )(?:error|warning|info|note):|^  job\.\S+:)\s"
    found = re.search(rf"{start}(.*?)\s*(?:\[{code}\]|\n  hint|\n +\d+ \||\Z)", printed, re.DOTALL | re.MULTILINE)
    text = " ".join(found[1].split()) if found else codes()[code].about
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

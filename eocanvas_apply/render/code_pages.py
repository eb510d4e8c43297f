"""Pages and lists of diagnostic codes, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from eocanvas_apply.render.layout import PLAIN, Style

if TYPE_CHECKING:
    from eocanvas_apply.checks.codes import Code
    from eocanvas_apply.checks.explanations import Explanation

_WIDTH = 79


def page(code: Code, found: Explanation, style: Style = PLAIN) -> str:
    """Return the page that explains a code, at most 79 columns wide; its example stays as it is written."""
    adjustable = ", `checks:` in a manifest can change it" if code.adjustable else ""
    lines = Style(style.colour, min(style.width or _WIDTH, _WIDTH))
    parts = [
        lines.wrap(f"{style.paint(code.name, 'bold')} ({code.severity.value}{adjustable})"),
        lines.wrap(code.about, ""),
        lines.wrap(f"Why: {found.why}", ""),
        *(["Says:\n" + textwrap.indent(found.says, "  ")] if found.says else []),
        "Before:\n" + textwrap.indent(found.before, "  "),
        "After:\n" + textwrap.indent(found.after or "(removed)", "  "),
        lines.wrap(f"More codes of this subject: eocanvas-apply explain {code.subject}", "  "),
    ]
    return "\n\n".join(parts) + "\n"


def by_subject(codes: Iterable[Code], titles: Mapping[str, str], style: Style = PLAIN) -> str:
    """Return one line a code, its severity and its name, below the title of its subject."""
    found = list(codes)
    groups = {name: [code for code in found if code.subject == name] for name in titles}
    blocks = [
        style.wrap(f"{style.paint(name, 'bold')}: {titles[name]}\n")
        + "".join(f"  {code.severity.value:<8} {code.name}\n" for code in group)
        for name, group in groups.items()
        if group
    ]
    return "\n".join(blocks)


def page_as_json(code: Code, found: Explanation) -> dict[str, object]:
    """Return the page of a code as its JSON document."""
    return {
        "code": code.name,
        "subject": code.subject,
        "severity": code.severity.value,
        "adjustable": code.adjustable,
        "about": code.about,
        "why": found.why,
        "says": found.says,
        "before": found.before,
        "after": found.after,
    }

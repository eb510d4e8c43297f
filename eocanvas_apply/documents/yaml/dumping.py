"""Data as YAML that a reader of YAML 1.1 and one of 1.2 take for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from eocanvas_apply.documents.yaml.nodes import reads_otherwise, resolve_plain


def dumped(data: Mapping[str, Any], *, for_people: bool = False) -> str:
    """Return the text of a mapping, with sorted keys and in ASCII; `for_people` in its own order, in all characters.

    Texts that could be taken for a number, a date or a truth value are in quotes.
    """
    form: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": _WIDEST} if for_people else {}
    text: str = yaml.dump(data, Dumper=_Dumper, default_flow_style=False, **form)
    return text


# No line of a manifest is broken: a path stays on one.
_WIDEST = 10_000


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the name is PyYAML's
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    other = not isinstance(resolve_plain(text), str) or reads_otherwise(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if other else None)


_Dumper.add_representer(str, _represent_text)

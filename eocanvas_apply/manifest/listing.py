"""Which storages can be listed for the rows of a campaign."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.keys import EODATA
from eocanvas_apply.manifest.model import Key

_LISTABLE = ("s3", "s3-public")


def not_listable(name: str, key: Key | None) -> Diagnostic | None:
    """Return why a key's storage cannot be listed; nothing for a key that can be, or that is not declared."""
    if (key is None and name != EODATA) or (key is not None and key.type in _LISTABLE):
        return None
    kind = EODATA if key is None else key.type
    hint = "keys of the types s3 and s3-public can be; for others write the files as `list:` or `csv:`"
    return error("key-not-listable", f"a storage of type {kind} cannot be listed", hint)

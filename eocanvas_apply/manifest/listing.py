"""Which storages can be listed for the rows of a campaign."""

from __future__ import annotations

from typing import TypeGuard

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.model.keys import EODATA, Key, PublicS3Key, S3Key


def is_listable(key: Key | None) -> TypeGuard[S3Key | PublicS3Key]:
    """Tell whether a key opens a storage that can be listed; None stands for eodata."""
    return isinstance(key, S3Key | PublicS3Key)


def not_listable(key: Key | None) -> Diagnostic:
    """Return what to say of a key whose storage cannot be listed; None stands for eodata."""
    kind = EODATA if key is None else key.type
    hint = "keys of the types s3 and s3-public can be; for others write the files as `list:` or `csv:`"
    return error("key-not-listable", f"a storage of type {kind} cannot be listed", hint)

"""Which version of a manifest, its graphs and chains lies here: digests, and the commit where it is in Git."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class ManifestVersion(Struct, frozen=True):
    """The files of a manifest by path from the project's folder, with their SHA-256 in hex.

    `commit` is the one that is checked out, None outside of Git; `modified` are the files that differ from it, and
    `repository` is the address of the remote `origin`, without user and password.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    modified: tuple[str, ...] = ()
    repository: str | None = None

"""Rows from the files of a storage, listed with the credentials of a manifest's key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.errors import CredentialsError, ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.keys import Key, PublicS3Key, S3Key
from eocanvas_apply.manifest.validation.structure import not_listable

if TYPE_CHECKING:
    from eocanvas_apply.secrets.vault import Vault
    from eocanvas_apply.storage.bucket import Bucket


# Takes the manifest's name of a key, or eodata, a prefix and a limit; returns `path` (with a leading `/`) and `size`
# (bytes) of at most so many files whose path begins so. Raises ManifestError, ServiceError, CredentialsError.
Lister = Callable[[str, str, int], Awaitable[Sequence[Mapping[str, Any]]]]


def file_rows(files: Sequence[Mapping[str, Any]], match: str | None) -> list[Row]:
    """Return a row for each file whose name fits, sorted by path: `path`, `name` (also the id) and `size`."""
    rows = []
    for fields in sorted(files, key=lambda each: str(each["path"])):
        name = str(fields["path"]).rpartition("/")[2]
        if name and (match is None or fnmatchcase(name, match)):
            rows.append(Row(name, {**fields, "name": name}))
    return rows


class Storages(Struct, frozen=True):
    """The buckets that the keys of a manifest open; `timeout` is for one request."""

    keys: Mapping[str, Key]
    vault: Vault
    timeout: timedelta

    async def list(self, key: str, prefix: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return `path` and `size` of at most `limit` files; raises as `list_files`, and ManifestError.

        A secret that could not be resolved is CredentialsError, and so is one that the storage refuses.
        """
        from eocanvas_apply.storage.bucket_listing import list_files

        found = await list_files(self._bucket(key), prefix, limit, self.timeout)
        return [{"path": file.path, "size": file.size} for file in found]

    def _bucket(self, name: str) -> Bucket:
        from eocanvas_apply.storage.bucket import Bucket

        key = self.keys.get(name)
        if not isinstance(key, S3Key | PublicS3Key):
            raise ManifestError(not_listable(key))
        address = str(Address.key(name))
        if key.secret_fields() and (faults := self.vault.faults.get(address)):
            raise CredentialsError(*faults)
        secrets: Mapping[str, Any] = self.vault.secrets[address] if key.secret_fields() else {}
        return Bucket(key.bucket, key.endpoint, key.region, address, **secrets)

"""The storages of a manifest's keys, listed for the rows of campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from eocanvas_apply.errors import CredentialsError, ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.listing import is_listable, not_listable
from eocanvas_apply.manifest.model.keys import Key, S3Key
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.listing import list_files


@dataclass(frozen=True, slots=True)
class Storages:
    """`Lister` over the buckets that the keys of a manifest open; `timeout` is for one request."""

    keys: Mapping[str, Key]
    vault: Vault
    timeout: timedelta

    async def list(self, key: str, prefix: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return `path` and `size` of at most `limit` files; raises as `list_files`, and ManifestError.

        A secret that could not be resolved is CredentialsError, and so is one that the storage refuses.
        """
        found = await list_files(self._bucket(key), prefix, limit, self.timeout)
        return [{"path": file.path, "size": file.size} for file in found]

    def _bucket(self, name: str) -> Bucket:
        key = self.keys.get(name)
        if not is_listable(key):
            raise ManifestError(not_listable(key))
        opened = self._opened(name) if isinstance(key, S3Key) else {}
        return Bucket(key.bucket, key.endpoint, key.region, f"key.{name}", **opened)

    def _opened(self, name: str) -> Mapping[str, Any]:
        address = str(Address("key", name))
        if faults := self.vault.faults.get(address):
            raise CredentialsError(*faults)
        return self.vault.secrets[address]

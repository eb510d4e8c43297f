"""What can be wrong with the address of the ledger that a manifest names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.validation.meaning import mapping_at
from eocanvas_apply.web_addresses import holds_password

_SHARED = re.compile(r"(?:s3|postgres|postgresql)://")
_PASSWORD = re.compile(r"(?i)[?&](?:ssl)?password=")


def ledger_faults(data: Data, environment: str | None) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield the faults of `ledger.url`, also of those in the other environments.

    A file is named for one machine, and a password for everyone who reads it.
    """
    others = sorted(mapping_at(data, "environments").keys() - {environment})
    owners: list[tuple[str, ...]] = [(), *(("environments", name) for name in others)]
    for owner in owners:
        yield from _faults_of(mapping_at(data, *owner, "ledger").get("url"), (*owner, "ledger", "url"))


def _faults_of(url: Data, path: Path) -> Iterator[tuple[Diagnostic, Path]]:
    if not isinstance(url, str) or not url:
        return
    if holds_password(url) or _PASSWORD.search(url):
        hint = "remove it, and change it if others saw it; the ledger's credentials come from the environment"
        yield error("literal-secret", "the address of the ledger holds a password", hint), path
    elif not _SHARED.match(url):
        hint = "write s3://BUCKET/PREFIX or postgresql://HOST/DATABASE; a file is named by --ledger"
        yield error("bad-value", "`ledger.url` must be the address of a shared ledger", hint), path

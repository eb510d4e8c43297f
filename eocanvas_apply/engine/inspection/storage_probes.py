"""Opens the storage of a key with the key's own credentials, and holds the time that a whole look at it may take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_words import without_secret_words
from eocanvas_apply.storage.probe import Probe, Waiting
from eocanvas_apply.vocabulary import StorageType

# A whole look at one storage takes no longer, however slowly it answers.
LONGEST_S = 180


def open_probe(
    address: str,
    storage: StorageType,
    config: Mapping[str, str],
    secrets: Mapping[str, Secret],
    timeout: timedelta,
    waiting: Waiting,
) -> Probe:
    """Return what asks the storage that a key of this configuration opens; `timeout` is for one request."""
    from eocanvas_apply.storage.bucket import Bucket
    from eocanvas_apply.storage.bucket_probe import BucketProbe
    from eocanvas_apply.storage.webdav_probe import WebdavFolder, WebdavProbe

    if storage is StorageType.WEBDAV:
        folder = WebdavFolder(config["endpoint"], config["username"], secrets["password"], address)
        return WebdavProbe(folder, timeout, waiting)
    bucket = Bucket(config["bucket"], config["endpoint"], config["region"], address, **secrets)
    return BucketProbe(bucket, timeout, waiting)


def place_in_words(storage: StorageType, config: Mapping[str, str]) -> str:
    """Return `bucket NAME at ENDPOINT`, or the address of a WebDAV folder."""
    endpoint = without_secret_words(config.get("endpoint", ""))
    return endpoint if storage is StorageType.WEBDAV else f"bucket {config.get('bucket')} at {endpoint}"


def too_slow(address: str, place: str, waiting: Waiting, instead: str) -> Diagnostic:
    """Return the error for a storage that had not answered everything in time; `instead` is another way to go on."""
    first = f"; it took long over {waiting.questions[0]}" if waiting.questions else ""
    what = f"{address}: {place} had not answered everything after {LONGEST_S / 60:g} minutes{first}"
    hint = f"the storage or the network is very slow; try again, or {instead}"
    return error("storage-unreachable", what, hint, address=address)

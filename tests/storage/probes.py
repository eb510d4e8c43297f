"""Probes of the storages of these tests, and how their findings are read."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.bucket_probe import BucketProbe
from eocanvas_apply.storage.probe import Probe, Stock, write_and_remove
from eocanvas_apply.storage.webdav_probe import WebdavFolder, WebdavProbe
from tests.emulator.storages import REGION
from tests.end_to_end.storages import ACCESS, DRIVE_PASSWORD, DRIVE_USER, SECRET, Storages

TIMEOUT = timedelta(seconds=10)
FILES = {"a.zip": b"a", "scenes/1.zip": b"one", "scenes/2 x+y%.zip": b"two", "scenes/ä.zip": b"", "z/deep/x.zip": b"x"}


def bucket(real: Storages, name: str, secret: str = SECRET) -> BucketProbe:
    return BucketProbe(Bucket(name, real.s3_endpoint, REGION, "key.k", Secret(ACCESS), Secret(secret)), TIMEOUT)


def folder(real: Storages, password: str = DRIVE_PASSWORD, path: str = "") -> WebdavProbe:
    return WebdavProbe(WebdavFolder(real.dav_endpoint + path, DRIVE_USER, Secret(password), "key.k"), TIMEOUT)


def probes_of(address: str, timeout: timedelta) -> list[Probe]:
    s3 = Bucket("scenes", address, REGION, "key.k", Secret(ACCESS), Secret(SECRET))
    return [WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), timeout), BucketProbe(s3, timeout)]


def stock(probe: Probe, *paths: str) -> Stock:
    return asyncio.run(probe.stock(paths))


async def written(probe: Probe, name: str, patience: timedelta = TIMEOUT) -> None:
    await write_and_remove(probe, name, "key.k: this place", patience)


def refusal(work: Any) -> str:
    """Return the code of the one error that this work ends with; it shows no secret."""
    with pytest.raises(EocanvasApplyError) as raised:
        asyncio.run(work)
    (found,) = raised.value.diagnostics
    for secret in (ACCESS, SECRET, DRIVE_PASSWORD, "wrong"):
        assert secret not in f"{found.message} {found.hint} {raised.value.__cause__}"
    assert found.message.startswith("key.k: ")
    assert found.hint
    return found.code


def filled(real: Storages, paths: list[str]) -> str:
    from moto.s3.models import s3_backends

    name = real.bucket({})
    for path in paths:
        # Not over HTTP: this is about reading.
        s3_backends["123456789012"]["aws"].put_object(name, path.lstrip("/"), b"x")
    return name

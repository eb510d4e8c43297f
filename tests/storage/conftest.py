"""A real S3 server and a real WebDAV server over TLS that check credentials, and a probe of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eocanvas_apply.storage.probe import Probe
from tests.end_to_end.storages import Storages, storages
from tests.storage.probes import FILES, bucket, folder


@pytest.fixture(scope="module", name="real")
def _real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storages]:
    folder = tmp_path_factory.mktemp("storages")
    with storages(folder) as real, pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(real.certificate.authority))
        yield real


@pytest.fixture(params=["s3", "webdav"], name="probe")
def _probe(request: pytest.FixtureRequest, real: Storages) -> Probe:
    """A storage of each protocol with the same FILES."""
    if request.param == "s3":
        return bucket(real, real.bucket(FILES))
    root = real.certificate.authority.parent / "drive" / "files"
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return folder(real)

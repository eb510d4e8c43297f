"""A client that goes through the proxy of the environment, a small one on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eocanvas_apply.errors import NotSent
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints

from .loopback import TOKEN, http
from .peer import Certificates, listening
from .scripted_service import VirtualClock


def _service() -> EOCanvas:
    addresses = Endpoints("https://service.example/serverless")
    return EOCanvas(addresses, Credentials("jane", Secret("password")), VirtualClock(), request_timeout=30)


async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Log in, and show no keys."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        if b"gettoken" in head:
            await reader.readuntil(b"}")
        writer.write(http("200 OK", TOKEN if b"gettoken" in head else b"[]"))


@asynccontextmanager
async def _proxy(
    leads_to: str, refusal: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    """Run a proxy that leads all to one address; yields its own, and the first lines of what it is asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.partition(b" HTTP/")[0].decode())
        writer.write(refusal or b"HTTP/1.1 200 Connection established\r\n\r\n")
        if not refusal:
            await _joined(reader, writer, urlsplit(leads_to).port or 0)

    async with listening(serve, tls=tls) as url:
        yield url, asked


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    behind, ahead = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_passed_on(reader, ahead), _passed_on(behind, writer))
    ahead.close()
    with suppress(OSError):
        await ahead.wait_closed()


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """Return certificates that the environment says to trust; it names no proxy."""
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = Certificates("service.example", "127.0.0.1")
    found.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return found


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_proxy_leads_to_the_service(certificates: Certificates, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        async with (
            listening(_answers, tls=certificates.server) as behind,
            _proxy(behind, tls=certificates.server if tls else None) as (url, asked),
        ):
            monkeypatch.setenv("HTTPS_PROXY", url)
            async with _service() as service:
                assert await service.keys() == []
                assert await service.keys() == []
            return asked

    assert asyncio.run(main()) == ["CONNECT service.example:443"]


def test_a_refusal_of_the_proxy_names_it_and_nothing_is_sent(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

    async def main() -> None:
        async with _proxy("", refusal) as (url, _):
            monkeypatch.setenv("HTTPS_PROXY", url)
            async with _service() as service:
                with pytest.raises(NotSent, match=r"407 Proxy Authentication Required") as caught:
                    await service.execute("snap-function", b"{}")
            assert f"goes through the proxy {urlsplit(url).netloc}" in (caught.value.diagnostics[0].hint or "")

    asyncio.run(main())

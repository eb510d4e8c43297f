from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from eocanvas_apply.errors import Doubt, NotSent, UsageError
from eocanvas_apply.service.clients.client_pool import LIMITS
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.proxies import environment_proxies, mounts
from eocanvas_apply.service.wire import ResultInfo

from .loopback import TOKEN, client, http, misbehaving


async def launch(canvas: EOCanvas) -> None:
    await canvas.execute("snap-function", b'{"inputs": {}}')


async def drops(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def half_a_head(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 201 Cre")
    writer.close()


async def half_a_body(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(http("201 Created", b'{"jobID": ', 100))
    writer.close()


async def no_http(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n")
    writer.close()


async def stays_silent(head: bytes, writer: asyncio.StreamWriter) -> None:
    return


async def drips(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", [drops, resets, half_a_head, half_a_body, no_http])
def test_a_launch_with_a_lost_answer_is_in_doubt_and_sent_once(fault: object) -> None:
    async def main() -> list[str]:
        async with misbehaving(fault) as (canvas, service):  # type: ignore[arg-type]
            with pytest.raises(Doubt, match=r"the answer of 127\.0\.0\.1"):
                await launch(canvas)
            return service.got

    assert asyncio.run(main()) == ["POST /serverless/processes/snap-function/execution"]


@pytest.mark.parametrize("fault", [stays_silent, drips])
def test_a_launch_over_its_total_time_limit_is_in_doubt(fault: object) -> None:
    async def main() -> list[str]:
        async with misbehaving(fault, request_timeout=0.2) as (canvas, service):  # type: ignore[arg-type]
            with pytest.raises(Doubt):
                await launch(canvas)
            return service.got

    assert len(asyncio.run(main())) == 1


@pytest.mark.parametrize("fault", [drops, half_a_body])
def test_reading_is_tried_three_times(fault: object) -> None:
    async def main() -> list[str]:
        async with misbehaving(fault) as (canvas, service):  # type: ignore[arg-type]
            with pytest.raises(Doubt):
                await canvas.keys()
            return service.got

    assert asyncio.run(main()) == ["GET /serverless/keys"] * 3


def test_a_refused_port_is_not_sent_and_names_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound and not listening: it refuses, and no other process can take it

        async def main() -> str:
            async with client(port) as canvas:
                with pytest.raises(NotSent) as caught:
                    await launch(canvas)
                return str(caught.value)

        assert f"did not reach http://127.0.0.1:{port}" in asyncio.run(main())


async def greets_in_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n")
    writer.close()


async def answers_keys(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if b"gettoken" in head:
                await reader.readuntil(b"}")
            writer.write(http("200 OK", TOKEN if b"gettoken" in head else b"[]"))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def test_nothing_is_sent_where_tls_fails() -> None:
    async def main() -> None:
        async with (
            await asyncio.start_server(greets_in_clear, "127.0.0.1", 0) as server,
            client(server.sockets[0].getsockname()[1], scheme="https") as canvas,
        ):
            with pytest.raises(NotSent, match=r"did not reach https://127\.0\.0\.1"):
                await launch(canvas)

    asyncio.run(main())


def test_the_last_check_runs_when_the_connection_is_open() -> None:
    asked: list[int] = []

    async def main() -> tuple[list[str], int]:
        async with misbehaving(drops) as (canvas, service):
            await canvas.log_in()

            def check() -> None:
                asked.append(service.connections)
                if len(asked) == 2:
                    raise RuntimeError("too late")

            with pytest.raises(RuntimeError, match="too late"):
                await canvas.execute("snap-function", b"{}", check=check)
            return service.got, len(asked)

    assert asyncio.run(main()) == ([], 2)


def test_certificates_are_checked_and_ssl_cert_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def main() -> None:
        async with await asyncio.start_server(answers_keys, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            async with client(port, scheme="https") as stranger:
                with pytest.raises(NotSent, match=r"certificate is not trusted"):
                    await launch(stranger)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            async with client(port, scheme="https") as trusting:
                assert await trusting.keys() == []

    asyncio.run(main())


def test_connections_are_reused() -> None:
    async def answers(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http("200 OK", b"[]"))

    async def main() -> int:
        async with misbehaving(answers) as (canvas, service):
            for _ in range(5):
                await canvas.keys()
            return service.connections

    assert asyncio.run(main()) == 1


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def answers(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http("200 OK", b"[]"))

    async def main() -> list[str]:
        async with misbehaving(answers) as (canvas, service):
            await canvas.keys()
            return service.got

    assert asyncio.run(main()) == ["GET /serverless/keys"]


ODD = ("[::1]", "[::1]:80", "x:abc", "münchen.example", "a b", "10.0.0.0/8", "<local>", ",,", "http://[")


@pytest.mark.parametrize("entry", ODD)
def test_an_odd_entry_of_no_proxy_is_passed_over(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", f"{entry},near.example")
    addresses = ["https://service.example/serverless", "http://[::1]:80/x"]
    found = mounts(environment_proxies(), addresses, ssl.create_default_context, LIMITS)
    assert found["https://"] is not None
    assert found["all://*near.example"] is None
    # The client takes each pattern.
    client = httpx.AsyncClient(mounts=found, trust_env=False)
    assert client._transport_for_url(httpx.URL("https://near.example/")) is client._transport
    assert client._transport_for_url(httpx.URL("https://far.example/")) is found["https://"]
    assert client._transport_for_url(httpx.URL("http://[::1]/")) is client._transport


def test_no_proxy_with_a_star_stands_for_no_proxy_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert environment_proxies()["https"] == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "localhost, *")
    assert environment_proxies() == {}


def test_an_interrupted_download_is_in_doubt() -> None:
    async def breaks(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http("200 OK", b"abc", 10))
        writer.close()

    async def main() -> int | None:
        async with (
            misbehaving(breaks) as (canvas, _),
            canvas.download(ResultInfo("/files/x.nc")) as download,
        ):
            with pytest.raises(Doubt):
                [chunk async for chunk in download.chunks]
            return download.total

    assert asyncio.run(main()) == 10


def test_a_cancelled_launch_leaves_no_open_connection() -> None:
    async def main() -> int:
        arrived = asyncio.Event()

        async def notices(head: bytes, writer: asyncio.StreamWriter) -> None:
            arrived.set()

        async with misbehaving(notices) as (canvas, _):
            await canvas.log_in()
            task = asyncio.create_task(launch(canvas))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            clients = canvas._connection._clients._made
            return sum(client._transport.is_open for client in clients)  # type: ignore[attr-defined]

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize(
    ("name", "value"), [("SSL_CERT_FILE", "no-such-file.pem"), ("HTTPS_PROXY", "gopher://jane:hunter2@p.test")]
)
def test_network_settings_that_cannot_work_are_usage_errors(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="network settings") as caught:
        client(1)
    assert "hunter2" not in str(caught.value)

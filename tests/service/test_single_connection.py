"""What becomes of requests when connections break, stall, or are closed between two of them, plain and with TLS."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
from contextlib import suppress

import httpx
import pytest

from eocanvas_apply.service.clients.single_connection import SingleConnection

from .peer import Certificates, Peer, Then, listening, peer, single_client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


def _head(status: str, *headers: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, "")).encode()


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates("127.0.0.1")


async def _outcome(client: httpx.AsyncClient, url: str) -> str:
    try:
        answer = await client.post(url, content=b"")
    except httpx.HTTPError as fault:
        return f"{type(fault).__name__}: {fault}"
    return f"{answer.status_code} {answer.text}".strip()


async def _twice(there: Peer, url: str, client: httpx.AsyncClient) -> list[str]:
    """Ask twice; the second time when the peer has done with the first connection what it does."""
    first = await _outcome(client, url)
    await there.done()
    return [first, await _outcome(client, url)]


CUT = "RemoteProtocolError: peer closed connection without sending complete message body "
GONE = "RemoteProtocolError: Server disconnected without sending a response."
# What is answered, what then becomes of the connection, the outcome of each request, how many connections two take.
SITUATIONS = {
    "an answer": (OK, Then.KEEP, "200 ok", 1),
    "closed after the answer": (OK, Then.CLOSE, "200 ok", 2),
    "said to be closed, and kept": (_head("200 OK", "Connection: close", "Content-Length: 0"), Then.KEEP, "200", 2),
    "no length, ended by closing": (_head("200 OK") + b"all", Then.CLOSE, "200 all", 2),
    "chunks": (CHUNK + b"0\r\n\r\n", Then.KEEP, "200 hello", 1),
    "chunks that break off": (CHUNK, Then.CLOSE, CUT + "(incomplete chunked read)", 2),
    "less than announced": (_head("200 OK", "Content-Length: 9") + b"ok", Then.CLOSE, CUT, 2),
    "a length that is none": (_head("200 OK", "Content-Length: +2") + b"ok", Then.KEEP, "RemoteProtocolError: bad", 2),
    "an empty answer": (_head("200 OK", "Content-Length: 0"), Then.KEEP, "200", 1),
    "204 has no body": (_head("204 No Content"), Then.KEEP, "204", 1),
    "304 has no body": (_head("304 Not Modified", "Content-Length: 5"), Then.KEEP, "304", 1),
    "a redirect": (_head("302 Found", "Location: /x", "Content-Length: 0"), Then.KEEP, "302", 1),
    "a hint before the answer": (_head("103 Early Hints", "Link: </x>") + OK, Then.KEEP, "200 ok", 1),
    "another protocol, unasked": (_head("101 Switching Protocols"), Then.KEEP, "RemoteProtocolError", 2),
    "headers without end": (_head("200 OK", f"X: {'x' * 400_000}") + b"ok", Then.CLOSE, "RemoteProtocolError", 2),
    "half a head": (b"HTTP/1.1 200", Then.CLOSE, GONE, 2),
    "an answer twice": (OK + OK.replace(b"ok", b"no"), Then.KEEP, "200 ok", 2),
    "a byte too many": (OK + b"x", Then.KEEP, "200 ok", 2),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n", Then.CLOSE, "RemoteProtocolError", 2),
    "closed without an answer": (b"", Then.CLOSE, GONE, 2),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(("answer", "then", "outcome", "connections"), SITUATIONS.values(), ids=SITUATIONS)
def test_what_becomes_of_a_request(
    answer: bytes, then: Then, outcome: str, connections: int, tls: bool, certificates: Certificates
) -> None:
    async def main() -> None:
        async with (
            peer(answer, then, tls=certificates.server if tls else None) as (there, url),
            single_client(certificates.trust) as client,
        ):
            outcomes = await _twice(there, url, client)
            assert [found[: len(outcome)] for found in outcomes] == [outcome, outcome]
            assert (there.connections, there.requests) == (connections, 2)

    asyncio.run(main())


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_connection_that_was_reset_while_it_was_idle_is_not_used_again(tls: bool, certificates: Certificates) -> None:
    async def main() -> None:
        async with (
            peer(OK, Then.RESET, tls=certificates.server if tls else None) as (there, url),
            single_client(certificates.trust) as client,
        ):
            first = await _outcome(client, url)
            await there.done()
            # The reset may overtake the answer.
            assert first == "200 ok" or "Error" in first
            assert there.requests == 1
            await _outcome(client, url)
            assert there.connections == 2

    asyncio.run(main())


@pytest.mark.parametrize("answer", [b"", OK[:20], CHUNK], ids=["no answer", "half a head", "half a body"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_stalled_answer_is_late_and_its_connection_is_closed(
    answer: bytes, tls: bool, certificates: Certificates
) -> None:
    async def main() -> None:
        async with (
            peer(answer, Then.KEEP, tls=certificates.server if tls else None) as (there, url),
            single_client(certificates.trust, read=0.05) as client,
        ):
            assert await _outcome(client, url) == "ReadTimeout: "
            await there.closed()
            assert await _outcome(client, url) == "ReadTimeout: "
            assert there.connections == 2

    asyncio.run(main())


async def _reads_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


def test_a_request_that_is_not_taken_is_late() -> None:
    async def main() -> None:
        async with listening(_reads_nothing) as url, single_client(write=0.05) as client:
            with pytest.raises(httpx.WriteTimeout):
                await client.post(url, content=bytes(20_000_000))

    asyncio.run(main())


async def _refuses_before_all_is_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_head("413 Too Large", "Connection: close", "Content-Length: 0"))
    with suppress(ConnectionError):
        await writer.drain()
        writer.write_eof()
        while await reader.read(65536):
            pass


def test_an_answer_that_comes_before_the_request_is_read_counts() -> None:
    async def main() -> None:
        async with listening(_refuses_before_all_is_read) as url, single_client() as client:
            assert (await client.post(url, content=bytes(20_000_000))).status_code == 413

    asyncio.run(main())


def test_a_connection_that_was_closed_while_the_program_was_busy_is_not_used_again() -> None:
    accepted = threading.Semaphore(0)
    closed = threading.Event()

    def serve(listening: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            with connection:
                accepted.release()
                connection.recv(65536)
                connection.sendall(OK)
            closed.set()

    async def main(port: int) -> None:
        async with single_client() as client:
            assert await _outcome(client, f"http://127.0.0.1:{port}/") == "200 ok"
            # As a long plan does, this keeps the event loop from seeing the end.
            assert closed.wait(30)
            assert await _outcome(client, f"http://127.0.0.1:{port}/") == "200 ok"

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve, args=(listening,), daemon=True)
        serving.start()
        asyncio.run(main(listening.getsockname()[1]))
        serving.join(30)
    assert accepted.acquire(timeout=1)
    assert accepted.acquire(timeout=1)


@pytest.mark.parametrize("tls", [False, True], ids=["connected", "in the middle of TLS"])
def test_a_cancelled_request_leaves_no_open_connection(tls: bool) -> None:
    async def main() -> None:
        arrived, ended = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            arrived.set()
            with suppress(ConnectionError):
                while await reader.read(65536):
                    pass
            ended.set()

        async with listening(silent) as url, single_client() as client:
            task = asyncio.create_task(client.post(url.replace("http:", "https:") if tls else url, content=b"x"))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(30):
                await ended.wait()

    asyncio.run(main())
    # A socket that was left open would be an error here.
    gc.collect()


def test_tls_that_does_not_begin_in_time_is_no_connection() -> None:
    async def main() -> None:
        async with listening(_reads_nothing) as url, single_client(connect=0.05) as client:
            with pytest.raises(httpx.ConnectTimeout):
                await client.get(url.replace("http:", "https:"))

    asyncio.run(main())


def test_certificates_are_judged() -> None:
    async def outcome(shown: Certificates, trusted: Certificates) -> str:
        async with peer(OK, Then.KEEP, tls=shown.server) as (_, url), single_client(trusted.trust) as client:
            return await _outcome(client, url)

    good, other_name = Certificates("127.0.0.1"), Certificates("other.example")
    assert asyncio.run(outcome(good, good)) == "200 ok"
    assert "CERTIFICATE_VERIFY_FAILED" in asyncio.run(outcome(good, other_name))
    assert "IP address mismatch" in asyncio.run(outcome(other_name, other_name))


def test_a_refused_connection_and_a_name_without_a_host_are_no_connections() -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            async with single_client() as client:
                with pytest.raises(httpx.ConnectError):
                    await client.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
                with pytest.raises(httpx.ConnectError, match="cannot be the name of a host"):
                    await client.get("http://a..b/")

    asyncio.run(main())


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_can_stand_for_a_host() -> None:
    async def main() -> None:
        async with peer(OK, Then.KEEP, host="::1") as (_, url), single_client() as client:
            assert await _outcome(client, url) == "200 ok"

    asyncio.run(main())


def _no_certificates() -> ssl.SSLContext:
    raise AssertionError("certificates are for https")


def test_an_address_of_another_scheme_is_not_asked() -> None:
    async def main() -> None:
        with pytest.raises(httpx.UnsupportedProtocol, match="ftp"):
            await SingleConnection(_no_certificates, 5).handle_async_request(httpx.Request("GET", "ftp://127.0.0.1:9/"))

    asyncio.run(main())


def test_a_header_that_cannot_be_sent_is_not_sent() -> None:
    async def main() -> None:
        async with peer(OK, Then.KEEP) as (there, url), single_client() as client:
            with pytest.raises(httpx.LocalProtocolError):
                await client.get(url, headers={"X": "a\r\nb"})
            assert there.requests == 0

    asyncio.run(main())


@pytest.mark.parametrize(("keepalive_s", "connections"), [(5.0, 1), (-1.0, 3)])
def test_a_connection_is_used_again_until_it_was_idle_for_too_long(keepalive_s: float, connections: int) -> None:
    async def main() -> None:
        async with peer(OK, Then.KEEP) as (there, url):
            transport = SingleConnection(_no_certificates, keepalive_s)
            for _ in range(3):
                response = await transport.handle_async_request(httpx.Request("GET", url))
                assert await response.aread() == b"ok"
                await response.aclose()
            await transport.aclose()
            assert not transport.is_open
            assert there.connections == connections

    asyncio.run(main())

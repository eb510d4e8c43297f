from __future__ import annotations

import errno
import socket
import ssl
from datetime import timedelta
from typing import Any

import httpx
import pytest

from eocanvas_apply.errors import Doubt, NotSent, Refused, ServiceError
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.bodies import BodyLimit
from eocanvas_apply.service.outcome import Answer, retry_after, status_fault, transport_fault

from .scripted_service import START, http_date

URL = "https://canvas.test/serverless/keys?signature=abc"


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    return Answer("POST", "/serverless/keys", status, httpx.Headers(headers), content)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 405, 409, 411, 413, 414, 415, 422, 429])
def test_these_answers_are_refusals(status: int) -> None:
    fault = status_fault(answer(status), START, Scrubber())
    assert isinstance(fault, Refused)
    assert fault.status == status


@pytest.mark.parametrize("status", [402, 406, 408, 410, 418, 425, 500, 502, 503, 504, 520])
def test_every_other_answer_is_in_doubt(status: int) -> None:
    assert isinstance(status_fault(answer(status), START, Scrubber()), Doubt)


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x"), httpx.ProxyError("x")]
)
def test_these_faults_mean_not_sent(fault: Exception) -> None:
    assert isinstance(transport_fault("GET", URL, fault, unsent=False), NotSent)


@pytest.mark.parametrize(
    "fault",
    [httpx.ReadTimeout("x"), httpx.WriteTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x"),
     httpx.WriteError("x"), httpx.DecodingError("x"), TimeoutError()],
)  # fmt: skip
def test_these_faults_are_in_doubt(fault: Exception) -> None:
    found = transport_fault("POST", URL, fault, unsent=False)
    assert isinstance(found, Doubt)
    assert isinstance(transport_fault("POST", URL, fault, unsent=True), NotSent)
    assert "signature" not in str(found)


def caused(fault: Exception, *causes: BaseException) -> Exception:
    """Return a fault of a library that wraps others, the innermost last."""
    at: BaseException = fault
    for cause in causes:
        at.__cause__ = at = cause
    return fault


NO_CERTIFICATE = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
NO_CERTIFICATE.verify_message = "certificate has expired"
TOGETHER = BaseExceptionGroup("multiple", [ConnectionRefusedError(111, "one"), ConnectionRefusedError(111, "two")])


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed"), "connection refused"),
        (TOGETHER, "connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "no such host"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no network"),
        (NO_CERTIFICATE, "its certificate is not trusted (certificate has expired)"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "it does not speak TLS there"),
        (OSError("All connection attempts failed"), "All connection attempts failed"),
    ],
)
def test_what_the_system_says_of_a_connection_is_in_plain_words(cause: BaseException, words: str) -> None:
    fault = caused(httpx.ConnectError("All connection attempts failed"), OSError("the same"), cause)
    message = transport_fault("GET", URL, fault, unsent=True).diagnostics[0].message
    assert message.endswith(f"did not reach https://{httpx.URL(URL).host}: {words}")


def test_a_lost_answer_to_a_read_leaves_nothing_open() -> None:
    hints = {
        m: transport_fault(m, URL, httpx.ReadError("x"), unsent=False).diagnostics[0].hint for m in ("GET", "POST")
    }
    assert "run the command again" in hints["GET"]
    assert "whether the service acted" in hints["POST"]
    login = transport_fault("POST", URL, httpx.ReadTimeout(""), unsent=False, reads=True).diagnostics[0]
    assert login.message.endswith("was lost: no answer in time")
    assert "run the command again" in login.hint


@pytest.mark.parametrize(("bypass", "named"), [("", True), ("gateway.test", False), ("*", False)])
def test_a_request_that_a_proxy_did_not_pass_on_names_the_proxy(
    bypass: str, monkeypatch: pytest.MonkeyPatch, *, named: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://jane:hunter2@proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", bypass)
    url = "https://gateway.test/serverless/keys"
    hint = transport_fault("GET", url, httpx.ConnectError("x"), unsent=True).diagnostics[0].hint
    assert ("goes through the proxy proxy.test:3128" in hint) is named
    assert "hunter2" not in hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"title": "Bad Request", "detail": "no graph", "status": 400}', "Bad Request: no graph"),
        (b'{"code": "E7", "type": "x", "description": "no key"}', "E7: no key"),
        (b'{"message": "quota"}', "quota"),
        (b'"just text"', "just text"),
        (b'{"detail": [{"loc": 1}]}', '{"detail": [{"loc": 1}]}'),
        (b"<html><head><title>t</title></head><body><h1>502</h1> Bad &amp; <b>gone</b></body>", "502 Bad & gone"),
        (b"plain\x1b[31m\x00 \xff text\n", "plain[31m \ufffd text"),
    ],
)
def test_the_message_of_the_service_is_shown(content: bytes, words: str) -> None:
    found = status_fault(answer(400, content), START, Scrubber())
    assert str(found) == f"POST /serverless/keys answered 400: {words}"


def test_long_words_are_cut() -> None:
    found = status_fault(answer(400, b"x" * 5000), START, Scrubber())
    assert len(str(found)) < 350
    assert str(found).endswith("...")


def test_secrets_in_words_are_not_shown() -> None:
    scrubber = Scrubber()
    scrubber.learn([Secret("hunter2hunter2"), Secret("t")])
    body = b'{"message": "user hunter2hunter2 with Bearer abc.def and eyJhbGciOiJ.eyJzdWIi.sig is not known"}'
    found = str(status_fault(answer(400, body), START, scrubber))
    assert found.endswith("400: user *** with Bearer *** and *** is not known")


def test_a_redirection_is_reported_without_its_query() -> None:
    found = status_fault(answer(302, location="https://sso.test/login?state=s3cret"), START, Scrubber())
    assert "https://sso.test/login" in str(found)
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": http_date(START + timedelta(minutes=2))}, 120.0),
        ({"retry-after": http_date(START - timedelta(minutes=2))}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"x-quota-reset": str(int((START.timestamp() + 90) * 1000))}, 90.0),
        ({"x-quota-reset": "soon"}, None),
        ({"retry-after": "3", "x-quota-reset": "1"}, 3.0),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, Any], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers), START) == seconds
    assert status_fault(answer(429, **headers), START, Scrubber()).retry_after == seconds


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"<html>", "HTML page"), (b'{"a": ', "not JSON"), (b"\xff\xfe\x00", "JSON")]
)
def test_a_body_that_is_not_json_is_in_doubt(content: bytes, why: str) -> None:
    with pytest.raises(Doubt, match=why) as caught:
        answer(200, content).parsed(repr)
    assert isinstance(caught.value, ServiceError)
    assert caught.value.status == 200


@pytest.mark.parametrize("unit", [b"<", b"<!--x", b"<script>x"])
def test_a_page_of_markup_that_is_never_closed_says_nothing(unit: bytes) -> None:
    page = b"<h1>No room</h1>" + unit * (BodyLimit.ERROR_PAGE // len(unit))
    assert status_fault(answer(503, page), START, Scrubber()).diagnostics[0].message.endswith(" answered 503: No room")

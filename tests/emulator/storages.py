"""A real S3 server (moto's) and a real WebDAV server (wsgidav) on loopback, over TLS, that check credentials.

with s3_server(certificate) as s3, webdav_server(certificate, folder) as drive: ...
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from moto.moto_server.werkzeug_app import create_backend_app
from wsgidav.wsgidav_app import WsgiDAVApp

from eocanvas_apply.emulator.http.server import make_certificate

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]
REGION = "waw3-2"
_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)")


@dataclass(frozen=True)
class Certificate:
    """The files of an authority and of a server's key with its chain."""

    authority: Path
    server: Path


def certificate_in(folder: Path) -> Certificate:
    """Make a certificate for 127.0.0.1 and localhost."""
    return Certificate(*make_certificate(folder))


class S3Gate:
    """Lets requests through to moto that are signed with a known key, and anonymous ones to public buckets."""

    def __init__(self, application: WsgiApplication, secrets: Mapping[str, str], public: Iterable[str]) -> None:
        self._application = application
        self._secrets = secrets
        self._public = frozenset(public)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        bucket = environ["PATH_INFO"].split("/")[1]
        signed = environ.get("HTTP_AUTHORIZATION")
        allowed = _is_signed(environ, self._secrets) if signed else bucket in self._public
        if allowed:
            return self._application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SignatureDoesNotMatch</Code><Message>Forbidden</Message></Error>"]


@contextmanager
def s3_server(
    certificate: Certificate,
    secrets: Mapping[str, str],
    public: Iterable[str] = (),
    faulty: Callable[[WsgiApplication], WsgiApplication] = lambda application: application,
) -> Iterator[str]:
    """Run an S3 server for the keys in `secrets` (access key to secret key); gives its endpoint.

    `faulty` stands between the check of signatures and the storage.
    """
    moto = faulty(create_backend_app("s3"))
    with _served(S3Gate(moto, secrets, public), certificate) as origin:
        yield origin


@contextmanager
def webdav_server(certificate: Certificate, folder: Path, users: Mapping[str, str]) -> Iterator[str]:
    """Run a WebDAV server over a folder for `users` (name to password); gives its address."""
    configuration = {
        "provider_mapping": {"/": str(folder)},
        "simple_dc": {"user_mapping": {"*": {name: {"password": word} for name, word in users.items()}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "logging": {"enable": False},
        "verbose": 0,
    }
    with _served(WsgiDAVApp(configuration), certificate) as origin:
        yield origin


@contextmanager
def _served(application: WsgiApplication, certificate: Certificate) -> Iterator[str]:
    # A connection that a client opened and does not use holds a thread for ten seconds.
    server = Server(("127.0.0.1", 0), application, numthreads=20)
    server.ssl_adapter = BuiltinSSLAdapter(str(certificate.server), str(certificate.server))
    server.shutdown_timeout = 0.1
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


def _is_signed(environ: Environ, secrets: Mapping[str, str]) -> bool:
    match = _AUTHORIZATION.fullmatch(environ["HTTP_AUTHORIZATION"])
    if match is None or match[1] not in secrets:
        return False
    names = match[3].split(";")
    lines = [
        environ["REQUEST_METHOD"],
        # WSGI gives each byte of a path as a character.
        quote(environ["PATH_INFO"].encode("latin-1"), safe="/-_.~"),
        _canonical_query(environ.get("QUERY_STRING", "")),
        *(f"{name}:{_header(environ, name)}" for name in names),
        "",
        match[3],
        _header(environ, "x-amz-content-sha256"),
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", _header(environ, "x-amz-date"), match[2], digest])
    key = f"AWS4{secrets[match[1]]}".encode()
    for part in match[2].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), match[4])


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(f"HTTP_{key}", environ.get(key, ""))).strip()

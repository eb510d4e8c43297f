"""An S3 server for ledgers in tests: moto's over TLS, with the faults that storages have."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.emulator.storages import (
    REGION,
    Certificate,
    Environ,
    StartResponse,
    WsgiApplication,
    certificate_in,
    s3_server,
)

ACCESS, SECRET = "the-access-key", "the-secret-key"
BUCKET = "ledgers"
_NUMBERS = count(1)
_CONTENTS = re.compile(rb"<Contents>.*?<Key>(.*?)</Key>.*?</Contents>", re.DOTALL)


@dataclass
class Faults:
    """What a storage does wrong; without any it does what S3 does."""

    # What the credentials may not do: methods, LIST and DELETE.
    forbidden: frozenset[str] = frozenset()
    ignores_conditions: bool = False
    knows_no_conditions: bool = False
    # How many writes are carried out and answered with an error, and how many requests are answered with it at once.
    lost_answers: int = 0
    refusals: int = 0
    # How many reads do not show what is there, and the ends of names that listings do not show.
    late_reads: int = 0
    unlisted: tuple[str, ...] = ()
    latency_s: float = 0


@dataclass
class FaultyStorage:
    """Stands before a storage; creates objects one at a time, as S3 does and moto does not."""

    application: WsgiApplication
    faults: Faults = field(default_factory=Faults)
    requests: Counter[str] = field(default_factory=Counter)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        faults, method = self.faults, _asked(environ)
        self.requests[method] += 1
        time.sleep(faults.latency_s)
        if method == "DELETE" and method in faults.forbidden:
            return _not_deleted(environ, start_response)
        if method in faults.forbidden or (method == "LIST" and "GET" in faults.forbidden):
            return _refused(environ, start_response, "403 Forbidden", "AccessDenied")
        if faults.refusals:
            faults.refusals -= 1
            return _refused(environ, start_response, "503 Service Unavailable", "SlowDown")
        if method == "PUT":
            return self._write(environ, start_response)
        if method == "LIST":
            return self._list(environ, start_response)
        if faults.late_reads and method != "DELETE":
            faults.late_reads -= 1
            return _refused(environ, start_response, "404 Not Found", "NoSuchKey")
        return self.application(environ, start_response)

    def _write(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        faults = self.faults
        if faults.knows_no_conditions and "HTTP_IF_NONE_MATCH" in environ:
            return _refused(environ, start_response, "501 Not Implemented", "NotImplemented")
        if faults.ignores_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        with self._one:
            if not faults.lost_answers:
                return list(self.application(environ, start_response))
            faults.lost_answers -= 1
            list(self.application(environ, lambda *_: None))
        return _refused(environ, start_response, "500 Internal Server Error", "InternalError")

    def _list(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        said: list[Any] = []
        content = b"".join(self.application(environ, lambda *words: said.extend(words)))

        def shown(found: re.Match[bytes]) -> bytes:
            return b"" if found[1].decode().endswith(self.faults.unlisted) else found[0]

        if self.faults.unlisted:
            content = _CONTENTS.sub(shown, content)
        start_response(said[0], [(name, value) for name, value in said[1] if name.lower() != "content-length"])
        return [content]


def _asked(environ: Environ) -> str:
    """Return the method of a request; LIST for a listing, DELETE for objects that are deleted together."""
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    if method == "GET" and "list-type" in query:
        return "LIST"
    return "DELETE" if method == "POST" and query.startswith("delete") else str(method)


def _not_deleted(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as Amazon does: well, and with an error for each object."""
    asked = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    errors = b"".join(
        b"<Error><Key>%s</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>" % key
        for key in re.findall(rb"<Key>(.*?)</Key>", asked)
    )
    start_response("200 OK", [("Content-Type", "application/xml")])
    return [b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' + errors + b"</DeleteResult>"]


def _refused(environ: Environ, start_response: StartResponse, status: str, code: str) -> Iterable[bytes]:
    # What is left of a request would be taken for the next one.
    environ["wsgi.input"].read()
    start_response(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>{SECRET} is not repeated</Message></Error>".encode()]


@dataclass
class BucketServer:
    """A server with one bucket for ledgers, each below a prefix of its own."""

    endpoint: str
    certificate: Certificate
    client: Any
    storage: FaultyStorage

    def variables(self) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "SSL_CERT_FILE": str(self.certificate.authority),
        }

    def new_ledger(self) -> str:
        """Return the address of a prefix below which nothing lies; the storage has no faults."""
        self.storage.faults = Faults()
        self.storage.requests.clear()
        return f"s3://{BUCKET}/projects/coast-{next(_NUMBERS)}"

    def objects(self, address: str) -> dict[str, bytes]:
        """Return what lies below an address, by the rest of its name."""
        prefix = address.removeprefix(f"s3://{BUCKET}/") + "/"
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
        names = [item["Key"] for item in found]
        return {
            name.removeprefix(prefix): self.client.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names
        }

    def write(self, address: str, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{address.removeprefix(f's3://{BUCKET}/')}/{name}", Body=content)

    def delete(self, address: str, *names: str) -> None:
        for name in names:
            self.client.delete_object(Bucket=BUCKET, Key=f"{address.removeprefix(f's3://{BUCKET}/')}/{name}")


@contextmanager
def running_server(folder: Path) -> Iterator[BucketServer]:
    """Run a server; `folder` takes its certificate."""
    certificate, made = certificate_in(folder), list[FaultyStorage]()

    def faulty(application: WsgiApplication) -> WsgiApplication:
        made.append(FaultyStorage(application))
        return made[0]

    with s3_server(certificate, {ACCESS: SECRET}, faulty=faulty) as endpoint:
        client = boto3.session.Session(ACCESS, SECRET, region_name=REGION).client(
            "s3",
            endpoint_url=endpoint,
            verify=str(certificate.authority),
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield BucketServer(endpoint, certificate, client, made[0])
        client.close()

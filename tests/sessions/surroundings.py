"""What else goes on while the command of a case runs, by name: other runs, full disks, slow or odd servers, signals.

Each is entered when the states of the case were brought about, and left behind its command.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from keyring.backends import fail

from eocanvas_apply.applying.results import storing
from eocanvas_apply.applying.results.parts import Parts
from eocanvas_apply.cli.commands import plan as plan_command
from eocanvas_apply.engine import opening
from eocanvas_apply.file_locks import lock_place, locked
from eocanvas_apply.files import LARGEST
from eocanvas_apply.ledger import journal
from eocanvas_apply.ledger.backends import local
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.backends.local_runs import LocalRuns
from eocanvas_apply.ledger.backends.local_snapshots import LocalSnapshots
from eocanvas_apply.service.clock import SystemClock
from tests.emulator.storages import certificate_in

Patch = pytest.MonkeyPatch
LEDGER = Path(".eocanvas/default.jsonl")


@contextmanager
def other_run(patch: Patch) -> Iterator[None]:
    """Let another run be at work on the ledger."""
    patch.setattr("os.getpid", lambda: 4242)
    patch.setattr("socket.gethostname", lambda: "runner-2")
    with LocalRuns(LEDGER).note("another", datetime(2024, 7, 5, 12, tzinfo=UTC)):
        yield


@contextmanager
def lock_held(patch: Patch) -> Iterator[None]:
    """Let a run that hangs hold the lock of the ledger."""
    patch.setattr(local, "_PATIENCE_S", 0.1)
    LEDGER.parent.mkdir(exist_ok=True)
    with locked(LEDGER):
        yield


@contextmanager
def another_appends_first(patch: Patch) -> Iterator[None]:
    """Let another run append whenever this one is about to."""
    plain = LocalBackend._append

    def second(self: LocalBackend, head: int, entries: Any) -> None:
        if head:
            content = LEDGER.read_bytes()
            last = json.loads(content.splitlines()[-1])
            other = {**last, "seq": last["seq"] + 1, "batch": "another", "of": 1}
            LEDGER.write_bytes(content + json.dumps(other).encode() + b"\n")
        plain(self, head, entries)

    patch.setattr(LocalBackend, "_append", second)
    yield


@contextmanager
def ledger_removed(patch: Patch) -> Iterator[None]:
    """Let somebody remove the ledger in the middle of a run."""
    plain = LocalBackend._append

    def removed(self: LocalBackend, head: int, entries: Any) -> None:
        if any(each.event.type == "job-intended" for each in entries):
            LEDGER.unlink()
        plain(self, head, entries)

    patch.setattr(LocalBackend, "_append", removed)
    yield


@contextmanager
def disk_full(patch: Patch) -> Iterator[None]:
    """Let the disk of the ledger be full."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    patch.setattr("os.fsync", full)
    yield


@contextmanager
def snapshot_of_another(patch: Patch) -> Iterator[None]:
    """Leave a snapshot beside the ledger that says something else."""
    from eocanvas_apply.ledger.fold.recorded import Recorded

    plain = LocalSnapshots.load

    def other(self: LocalSnapshots) -> Recorded | None:
        recorded = plain(self)
        if recorded:
            recorded.jobs.clear()
        return recorded

    patch.setattr(journal, "worth_saving", lambda *_: True)
    from eocanvas_apply.cli import main

    main(["apply", "--yes"])
    patch.setattr(LocalSnapshots, "load", other)
    yield


@contextmanager
def entry_of_another_ledger(_: Patch) -> Iterator[None]:
    """Let the last entry of the ledger be about a job that was never launched."""
    lines = LEDGER.read_text(encoding="utf-8").splitlines()
    other = {**json.loads(lines[-1]), "job_id": "0", "seq": len(lines) + 1, "batch": "another", "of": 1}
    LEDGER.write_text("\n".join([*lines, json.dumps(other)]) + "\n", encoding="utf-8")
    yield


@contextmanager
def on_ci(patch: Patch) -> Iterator[None]:
    """Let the machine be one of CI, and the service another than this machine."""
    patch.setenv("CI", "true")
    patch.setattr(opening, "is_loopback", lambda _: False)
    yield


@contextmanager
def interrupted_after_a_launch(patch: Patch) -> Iterator[None]:
    """Press Ctrl-C when the job was launched."""
    import signal

    from eocanvas_apply.applying.session import Session

    plain = Session.report_event

    def pressed(self: Session, address: str, happening: Any, *rest: Any, **fields: Any) -> None:
        plain(self, address, happening, *rest, **fields)
        if str(happening) == "launched":
            signal.raise_signal(signal.SIGINT)

    patch.setattr(Session, "report_event", pressed)
    yield


@contextmanager
def clock_slow(patch: Patch) -> Iterator[None]:
    """Let the clock of this machine be ten minutes slow."""
    plain = SystemClock.now
    patch.setattr(SystemClock, "now", lambda self: plain(self) - timedelta(minutes=10))
    yield


@contextmanager
def without_obstore(patch: Patch) -> Iterator[None]:
    """Let the extra for S3 not be installed."""
    patch.setitem(sys.modules, "obstore.store", None)
    yield


@contextmanager
def no_keyring(patch: Patch) -> Iterator[None]:
    """Let the machine have no keyring."""
    # The library keeps the one that it has found first.
    patch.setattr("keyring.core._keyring_backend", fail.Keyring())  # type: ignore[no-untyped-call]
    yield


@contextmanager
def output_full(patch: Patch) -> Iterator[None]:
    """Let the disk that the output goes to be full."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        patch.setattr(sys, "stdout", full)
        try:
            yield
        finally:
            patch.setattr(sys, "stdout", sys.__stdout__)


@contextmanager
def fault_inside(patch: Patch) -> Iterator[None]:
    """Let a command have a fault of its own."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    patch.setattr(plan_command, "run", broken)
    yield


@contextmanager
def fetched_elsewhere(patch: Patch) -> Iterator[None]:
    """Let another run fetch the same results."""
    plain = Parts.taken

    @contextmanager
    def taken(self: Parts, part: Path) -> Iterator[None]:
        note = lock_place(self._folder, part)
        note.parent.mkdir(parents=True, exist_ok=True)
        with locked(note), plain(self, part):
            yield

    patch.setattr(Parts, "taken", taken)
    yield


@contextmanager
def results_removed(_: Patch) -> Iterator[None]:
    """Remove the files of all results."""
    for file in Path("results").rglob("*.nc"):
        file.unlink()
    yield


@contextmanager
def id_of_the_first_job(patch: Patch) -> Iterator[None]:
    """Give the id of the job that was launched first as @JOB_ID@."""
    events = map(json.loads, LEDGER.read_text(encoding="utf-8").splitlines())
    patch.setenv("JOB_ID", next(each["job_id"] for each in events if each["type"] == "job-submitted"))
    yield


@contextmanager
def product_left_out_of_the_lock(_: Patch) -> Iterator[None]:
    """Take a product out of the lock."""
    lines = Path("eocanvas.lock").read_text(encoding="utf-8").splitlines()
    product = next(line for line in lines if " product " in line)
    Path("eocanvas.lock").write_text("\n".join(line for line in lines if line is not product) + "\n", encoding="utf-8")
    yield


@contextmanager
def orders_shown_at_once(patch: Patch) -> Iterator[None]:
    """Let the HDA know each order as soon as it has promised it, so that one that it does not know is over."""
    patch.setattr("eocanvas_apply.planning.state.order_book._SHOWN_WITHIN", timedelta())
    yield


@contextmanager
def few_rows_allowed(patch: Patch) -> Iterator[None]:
    """Let a search or listing have three rows at most."""
    patch.setattr("eocanvas_apply.campaign.sources.MOST_ROWS", 3)
    yield


@contextmanager
def name_taken(patch: Patch) -> Iterator[None]:
    """Let a file appear under the name of each result that has just arrived, whatever name that is."""
    plain = storing.put_in_place

    def taken(whole: storing.Whole, others: Any) -> Any:
        whole.target.path.write_text("mine", encoding="utf-8")
        return plain(whole, others)

    for name in ("downloads", "copying"):
        patch.setattr(f"eocanvas_apply.applying.results.{name}.put_in_place", taken)
    yield


@contextmanager
def large_files(_: Patch) -> Iterator[None]:
    """Make the graph larger than any that is read."""
    with Path("subset.xml").open("r+b") as file:
        file.truncate(LARGEST + 1)
    yield


@contextmanager
def many_rows(_: Patch) -> Iterator[None]:
    """Write a table of more rows than a campaign can have."""
    Path("rows.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(100_001)), encoding="utf-8")
    yield


@contextmanager
def long_field(_: Patch) -> Iterator[None]:
    """Write a table with a very long field."""
    Path("rows.csv").write_text(f"id,text\na,{'x' * 120_000}\n", encoding="utf-8")
    long = "${each.text}" * 100
    text = Path("eocanvas.yaml").read_text(encoding="utf-8")
    Path("eocanvas.yaml").write_text(text.replace("params: {", f"params: {{other: '{long}', "), encoding="utf-8")
    yield


@contextmanager
def many_values(_: Patch) -> Iterator[None]:
    """Write a manifest of more values than are read."""
    with Path("eocanvas.yaml").open("a", encoding="utf-8") as file:
        file.write("x-values: [" + "1, " * 100_001 + "]\n")
    yield


@contextmanager
def certificate_of_nobody(patch: Patch) -> Iterator[None]:
    """Run a storage with a certificate that nothing trusts, at @STORAGE@."""
    folder = Path("certificate")
    folder.mkdir()
    certificate = certificate_in(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.server)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    patch.setenv("STORAGE", f"https://127.0.0.1:{server.server_port}")
    text = Path("eocanvas.yaml").read_text(encoding="utf-8")
    Path("eocanvas.yaml").write_text(
        text.replace("https://s3.example.org", f"https://127.0.0.1:{server.server_port}"), encoding="utf-8"
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


SURROUNDINGS: dict[str, Callable[[Patch], AbstractContextManager[None]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(
            other_run,
            lock_held,
            another_appends_first,
            ledger_removed,
            disk_full,
            snapshot_of_another,
            entry_of_another_ledger,
        ),
        *(on_ci,),
        *(interrupted_after_a_launch, clock_slow, no_keyring, without_obstore, output_full, fault_inside),
        *(fetched_elsewhere, results_removed, id_of_the_first_job, product_left_out_of_the_lock, few_rows_allowed),
        *(orders_shown_at_once,),
        *(name_taken, large_files, many_rows, long_field, many_values, certificate_of_nobody),
    )
}

"""Failures by the logs they leave: realistic ones, and all that the emulator writes."""

from __future__ import annotations

from typing import get_args

import pytest

from eocanvas_apply.emulator.model import job_failures as emulated
from eocanvas_apply.emulator.model.job_failures import FailureKind, JobFault, built_in
from eocanvas_apply.planning.failures import HINTS, HOPELESS, Failure, Retries, classify
from eocanvas_apply.vocabulary import FailureClass
from tests.emulator.model_client import Stage, snap_body

GIVEN = (
    "+ export WKS_USER=jane",
    "+ export WKS_PASSWORD=0nce-0nly",
    """+ eo_input='[{"img1": "https://host.example/UploadFailedException/keystore"}]'""",
    "+ echo PGdyYXBoPjwvZ3JhcGg+",
    "+ base64 -d",
)
LIBPQ = "ERROR 1: libpq.so.5: cannot open shared object file: No such file or directory"
GPT = (*GIVEN, "+ gpt graph.xml -Pimg1=/data/input/a.zip -Poutput=/data/output/1", LIBPQ)
WHOLE = "....10%....20%....30%....40%....50%....60%....70%....80%....90% done."
FINISHED = (*GPT, WHOLE, "SNAP execution completed successfully")
TRACEBACK = """Traceback (most recent call last):
  File "/opt/stage.py", line 80, in upload
    client.upload(path)
wks.UploadFailedException: HTTPSConnectionPool(host='drive.example', port=443): Read timed out. (read timeout=60)"""

TABLE: list[tuple[tuple[str, ...], str, str]] = [
    (
        (*GIVEN, "Zero or more than one item found for *xfdumanifest.xml", "+ exit 10", "Error: exit status 10"),
        "input-config",
        "Zero or more than one item found for *xfdumanifest.xml",
    ),
    ((*GIVEN, "No inputs found", "+ exit 12", "Error: exit status 12"), "input-config", "No inputs found"),
    ((*GIVEN, "+ exit 12"), "input-config", "+ exit 12"),
    ((*GIVEN, "unzip: cannot find the end of the archive", "+ exit 20"), "input-config", "unzip: cannot find the end"),
    ((*GIVEN, "File /a/b.zip not found", "+ exit 11"), "staging-in", "File /a/b.zip not found"),
    ((*GIVEN, "Error: exit status 11"), "staging-in", "Error: exit status 11"),
    ((*GIVEN, "DownloadFailedException: 503 for https://h.example/x"), "staging-in", "DownloadFailedException: 503"),
    ((*GIVEN, "Cannot read the credentials of keystore://mine", "+ exit 12"), "key", "Cannot read the credentials"),
    ((*GIVEN, "DownloadFailedException: InvalidAccessKeyId when calling GetObject"), "key", "DownloadFailedException"),
    ((*FINISHED, TRACEBACK), "staging-out", "wks.UploadFailedException: HTTPSConnectionPool"),
    ((*FINISHED, "requests.exceptions.ConnectionError: reset by peer"), "staging-out", "requests.exceptions"),
    ((*FINISHED, "UploadFailedException: An error occurred (SignatureDoesNotMatch)"), "key", "UploadFailedException"),
    ((*GPT, "....10%....20%....30%....40%....50%.."), "killed", "....10%....20%....30%....40%....50%.."),
    ((*GPT, "SEVERE: failed to read the metadata", "....10%...."), "killed", "....10%...."),
    ((*GPT, "....10%....50%....100%"), "unknown", "....10%....50%....100%"),
    ((*GPT, "....10%....20%", "Killed"), "killed", "Killed"),
    ((*GPT, "....10%", "java.lang.OutOfMemoryError: Java heap space", "+ exit 40"), "killed", "java.lang.OutOfMemory"),
    ((*GPT, "....10%", "Error: exit status 137"), "killed", "Error: exit status 137"),
    (
        (*GPT, "Error: [NodeId: Read] Operator could not be initialised", "+ exit 40", "Error: exit status 40"),
        "graph",
        "Error: [NodeId: Read] Operator could not be initialised",
    ),
    ((*GPT, "something is wrong here, an error", "+ exit 40"), "graph", "something is wrong here, an error"),
    ((*GPT, "....10%....20%", "Segmentation fault (core dumped)"), "unknown", "Segmentation fault (core dumped)"),
    ((*GIVEN, "tools are missing", "+ exit 30"), "unknown", "tools are missing"),
    ((*FINISHED,), "unknown", "SNAP execution completed successfully"),
    ((*GPT, WHOLE), "unknown", WHOLE),
    (GPT, "unknown", ""),
    ((), "unknown", ""),
]


@pytest.mark.parametrize(("log", "failure_class", "line"), TABLE, ids=[f"{n}-{row[1]}" for n, row in enumerate(TABLE)])
def test_a_log_gives_the_class_and_the_line(log: tuple[str, ...], failure_class: str, line: str) -> None:
    found = classify(log)
    assert found.failure_class == failure_class
    assert found.line.startswith(line)
    assert bool(found.line) == bool(line)
    assert found.hint == HINTS[found.failure_class]


def test_every_class_has_its_hint() -> None:
    assert HINTS.keys() == set(get_args(FailureClass))
    assert all(HINTS.values())
    assert set(get_args(FailureClass)) > HOPELESS


def test_one_message_of_many_lines_is_read_like_many_messages() -> None:
    log = TABLE[0][0]
    assert classify(["\n".join(log)]) == classify(log)


def test_a_missing_library_is_never_the_cause() -> None:
    assert classify([LIBPQ]) == Failure("unknown", "", HINTS["unknown"])


def test_words_in_the_inputs_of_a_job_give_no_class() -> None:
    trace = '+ eo_input=\'[{"img1": "Zero or more than one item found for"}]\''
    assert classify([trace]).failure_class == "unknown"


def test_the_line_shows_no_secret_of_an_address_and_is_short() -> None:
    found = classify(["DownloadFailedException: https://jane:pass@h.example/a?X-Sig=s3cret&b=1 " + "x" * 500])
    assert found.line.startswith("DownloadFailedException: https://h.example/a xxx")
    assert len(found.line) == 300


KINDS: list[FailureKind] = ["input-config", "staging-in", "staging-out", "killed", "key", "graph", "unknown"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_failures_configured_in_the_emulator_have_their_class(kind: FailureKind) -> None:
    stage = Stage().log_in()
    stage.service.job_faults.append(JobFault(kind))
    log = stage.log(stage.ended(snap_body(config={"uncompress": True})))
    assert LIBPQ in log or kind in ("input-config", "staging-in", "key")
    found = classify(log)
    assert found.failure_class == kind
    assert found.line == built_in(kind).lines[0]


@pytest.mark.parametrize(
    ("failure", "failure_class"),
    [
        (emulated.wrong_item("*manifest.xml"), "input-config"),
        (emulated.NO_INPUT, "input-config"),
        (emulated.not_an_archive("/a.zip"), "input-config"),
        (emulated.missing_file("/a b.zip"), "staging-in"),
        (emulated.not_fetched("https://h.example/a: 503"), "staging-in"),
        (emulated.not_delivered("PUT /a: 507"), "staging-out"),
        (emulated.lost_key("baltic-scenes-1-abc123"), "key"),
        (emulated.wrong_graph("XML parsing failed: no element found"), "graph"),
        (emulated.wrong_graph("[NodeId: Read] File '$img' does not exist"), "graph"),
    ],
)
def test_the_emulators_own_findings_have_their_class(failure: emulated.Failure, failure_class: str) -> None:
    assert classify([*GIVEN, *failure.lines]).failure_class == failure_class
    assert classify([*GIVEN, *failure.lines]).line == failure.lines[0]


def test_temporary_failures_are_retried_once() -> None:
    retries = Retries.parse(None)
    again = {each for each in get_args(FailureClass) if retries.allowed(each, 1)}
    assert again == {"staging-in", "staging-out", "key"}
    assert not any(retries.allowed(each, 2) for each in get_args(FailureClass))


def test_a_number_counts_all_failures() -> None:
    retries = Retries.parse(2)
    assert retries.after(["graph"])
    assert retries.after(["graph", "key"])
    assert not retries.after(["graph", "key", "key"])
    assert not Retries.parse(0).after(["key"])


def test_retries_are_counted_by_class_and_other_classes_keep_their_default() -> None:
    retries = Retries.parse({"killed": 2, "staging-in": 0})
    assert retries.after(["killed", "staging-out", "killed"])
    assert not retries.after(["killed"] * 3)
    assert not retries.after(["staging-in"])
    assert retries.after(["killed", "staging-out"])
    assert not retries.after(["unknown"])

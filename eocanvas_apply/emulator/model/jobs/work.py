"""What a job needs from the storages outside: values that the model hands out, and takes back when done."""

from __future__ import annotations

from dataclasses import dataclass

from eocanvas_apply.emulator.model.credentials import Credentials
from eocanvas_apply.emulator.model.jobs.executions import JobInput
from eocanvas_apply.emulator.model.jobs.outputs import Output


@dataclass(frozen=True, slots=True)
class AtHand:
    """The file behind an input that the service has itself: it was ordered, or is another job's result."""

    file: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read an input. Without `credentials` it is a URL, or a path in EODATA when it names the key `eodata`."""

    input: JobInput
    credentials: Credentials | None
    at_hand: AtHand | None = None


@dataclass(frozen=True, slots=True)
class StageIn:
    """Read all inputs of a job; `outputs` are the files that it is going to make of them."""

    job_id: str
    fetches: tuple[Fetch, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class StageOut:
    """Write all outputs of a job to where its output key leads."""

    job_id: str
    credentials: Credentials
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An input that was read: the name of the file that the process is given, and the digest of its bytes."""

    input: str
    file: str
    size: int
    sha256: str


Work = StageIn | StageOut

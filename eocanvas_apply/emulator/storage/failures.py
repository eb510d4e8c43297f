"""What a storage says when it does not give or take what a job needs."""

from __future__ import annotations

from eocanvas_apply.emulator.model.jobs.failures import Failure


class StorageFailure(Exception):
    """A storage did not do what a job needs; `failure` is how the job fails."""

    def __init__(self, failure: Failure) -> None:
        super().__init__("; ".join(failure.lines))
        self.failure = failure

"""Threads that read and write for the jobs, and settle the model while no request comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.job_failures import Failure, StorageFailure, not_fetched
from eocanvas_apply.emulator.model.job_files import StageIn, Work

if TYPE_CHECKING:
    from eocanvas_apply.emulator.storage.storage import Storage

_TICK = 0.02
_AT_ONCE = 4


class Workers:
    """Takes work out of the model and brings back what came of it; the model is touched under `lock` only."""

    def __init__(self, frontend: Frontend, storage: Storage, lock: threading.RLock) -> None:
        self._frontend = frontend
        self._storage = storage
        self._lock = lock
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="emulator-storage")
        self._ticker = threading.Thread(target=self._tick, name="emulator-clock")

    def start(self) -> None:
        """Begin."""
        self._ticker.start()

    def stop(self) -> None:
        """End; what is being read or written is waited for, what waits is dropped."""
        self._stopped.set()
        self._ticker.join()
        self._pool.shutdown(cancel_futures=True)

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK):
            with self._lock:
                self._frontend.settle()
                waiting = self._frontend.service.jobs.work
                taken = [waiting.popleft() for _ in range(len(waiting))]
            for work in taken:
                self._pool.submit(self._do, work)

    def _do(self, work: Work) -> None:
        try:
            self._carry_out(work)
        except StorageFailure as fault:
            self._failed(work, fault.failure)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the job must not hang
            self._failed(work, not_fetched(repr(fault)))

    def _carry_out(self, work: Work) -> None:
        jobs = self._frontend.service.jobs
        if isinstance(work, StageIn):
            files, outputs = self._storage.stage_in(work)
            with self._lock:
                jobs.staged_in(work.job_id, files, outputs, self._frontend.service.now())
        else:
            self._storage.stage_out(work)
            with self._lock:
                jobs.staged_out(work.job_id, self._frontend.service.now())

    def _failed(self, work: Work, failure: Failure) -> None:
        with self._lock:
            self._frontend.service.jobs.storage_failed(work.job_id, failure, self._frontend.service.now())

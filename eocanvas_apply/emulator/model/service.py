"""The model of an EOCanvas: everything that the service knows, moved by a clock that is given to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from eocanvas_apply.emulator.model.accounts import Accounts
from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_book import JobBook
from eocanvas_apply.emulator.model.job_failures import JobFaults
from eocanvas_apply.emulator.model.keystore import Keystore, SealingKey
from eocanvas_apply.emulator.model.product_orders import ProductOrders


class Eocanvas:
    """One emulated service. It does no I/O and reads no clock but `now`; `random` decides all identifiers."""

    def __init__(
        self,
        now: Callable[[], datetime],
        random: Random,
        settings: Settings | None = None,
        sealing: SealingKey | None = None,
        job_faults: JobFaults | None = None,
    ) -> None:
        settings = settings or Settings()
        self.now = now
        self.sealing = sealing or SealingKey()
        self.accounts = Accounts(settings.users, random, settings.token_life)
        self.keystore = Keystore(self.sealing, settings.behaviour, now())
        self.job_faults = JobFaults() if job_faults is None else job_faults
        self.orders = ProductOrders(settings, random)
        self.jobs = JobBook(settings, self.keystore, self.orders, self.job_faults, random)
        self._behaviour = settings.behaviour

    @property
    def behaviour(self) -> Behaviour:
        """How the unknown is decided at the moment."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = self.keystore.behaviour = self.jobs.behaviour = self.orders.behaviour = behaviour

    def change_behaviour(self, changes: Mapping[str, object]) -> None:
        """Decide some of the unknown in another way from now on. Raises ValueError."""
        self.behaviour = self.behaviour.changed(changes)

    def settle(self, at: datetime | None = None) -> None:
        """Carry out what the clock has brought about up to a moment, by default up to now."""
        self.jobs.settle(at or self.now())

    def keys_in_use(self) -> frozenset[str]:
        """Return the names of the keys that a waiting or running job refers to."""
        return frozenset(name for job in self.jobs_in_flight() for name in job.execution.keys)

    def jobs_in_flight(self) -> tuple[Job, ...]:
        """Return the jobs that wait or run."""
        self.settle()
        return tuple(job for job in self.jobs.every() if job.in_flight)

    def plaintext_of(self, name: str) -> bytes | None:
        """Return what is sealed in a key, None when there is no such key or it cannot be opened."""
        return next((key.plaintext for key in self.keystore if key.name == name), None)

"""What a model is made with: people, times, amounts, and how the unknown is decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from eocanvas_apply.emulator.accounts import User
from eocanvas_apply.emulator.behaviour import Behaviour
from eocanvas_apply.emulator.durations import parse_seconds

DEFAULT_USER = User("jane", "correct-horse")


@dataclass(frozen=True, slots=True)
class Quota:
    """So many launches within so many seconds; each comes back one period after it was used."""

    jobs: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read `10/1h`. Raises ValueError."""
        number, slash, period = text.partition("/")
        if not slash or not number.isdecimal():
            raise ValueError(f"not a quota: {text!r} (write 10/1h)")
        return cls(int(number), parse_seconds(period))


@dataclass(frozen=True, slots=True)
class Settings:
    """The make-up of an emulated service.

    `job_time` is the seconds from a launch to the job's end, of which the first tenth is spent waiting;
    a job leaves `results_per_job` files of `result_size` bytes. `quotas` hold for launches, `hda_quotas` for orders
    of products. With `storage` the model hands out what is to be read and written instead of making it up.
    """

    users: tuple[User, ...] = (DEFAULT_USER,)
    job_time: float = 2.0
    quotas: tuple[Quota, ...] = ()
    hda_quotas: tuple[Quota, ...] = ()
    token_life: int = 1744
    results_per_job: int = 1
    result_size: int = 4096
    storage: bool = False
    behaviour: Behaviour = field(default_factory=Behaviour)

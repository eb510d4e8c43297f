"""How long a command that looks again and again puts up with a service that does not answer."""

from __future__ import annotations

from dataclasses import dataclass

from eocanvas_apply.errors import ServiceError

# So many looks in a row may come to nothing before it is an error.
_MOST = 20


@dataclass(slots=True)
class Patience:
    """The looks in a row that came to nothing."""

    _failed: int = 0

    def answered(self) -> None:
        """Note that the service answers: the next silence begins anew."""
        self._failed = 0

    def try_again(self, fault: ServiceError) -> None:
        """Note that a look came to nothing; raises the fault where another one would not help, or after too many."""
        self._failed += 1
        if not fault.may_pass or self._failed > _MOST:
            raise fault

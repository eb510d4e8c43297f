"""Makes the official client look at a job as often as the tests do: it waits ten seconds and more between two looks."""

import time

_sleep = time.sleep


def _hurried(seconds: float) -> None:
    _sleep(min(seconds, 0.2))


time.sleep = _hurried  # type: ignore[assignment]

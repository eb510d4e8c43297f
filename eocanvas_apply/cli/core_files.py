"""No core file of this process or of what it starts: the memory of a run holds the secrets of its keys."""

from __future__ import annotations

from contextlib import suppress

# Linux makes no core file of one byte, and does not start the program either that core_pattern may name. To that
# program a limit of zero would mean nothing.
_NONE = 1


def forbid_core_files() -> None:
    """Have the operating system write none, where it has such a limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (min(_NONE, most) if most >= 0 else _NONE, most))

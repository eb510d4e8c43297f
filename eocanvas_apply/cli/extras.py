"""What to say when a command needs an optional part that is not installed."""

from __future__ import annotations

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError


def missing_emulator(missing: ModuleNotFoundError) -> UsageError:
    """Return the error for a missing package of the extra `emulator`; a missing module of ours is a fault."""
    if (missing.name or "").startswith("eocanvas_apply"):
        raise missing
    message = f"the emulator needs {missing.name}, which is not installed"
    return UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[emulator]'"))

"""Secrets in the system's keyring, by the keyring library: the keychain of macOS, Windows' and GNOME's and others."""

from __future__ import annotations

import shlex
import threading
import time
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ManifestError

PATIENCE_S = 60.0
_CODE = "secret-keyring"


def keyring_entry(service: str, user: str, stopped: threading.Event, patience_s: float = PATIENCE_S) -> str:
    """Return the secret of an entry, or stop waiting for it. Raises ManifestError, code `secret-keyring`."""
    found: list[Any] = []
    # A locked keyring asks its user, and may do so where no person sees it. No library can end such a question.
    asking = threading.Thread(target=lambda: found.append(_asked(service, user)), daemon=True)
    asking.start()
    until = time.monotonic() + patience_s
    while asking.is_alive() and not stopped.is_set() and time.monotonic() < until:
        asking.join(0.05)
    if not found:
        hint = "unlock it, or answer the question that it asks"
        raise ManifestError(error(_CODE, f"the keyring does not answer within {patience_s:g} s", hint))
    if isinstance(found[0], Diagnostic):
        raise ManifestError(found[0])
    return str(found[0])


def _asked(service: str, user: str) -> str | Diagnostic:
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        hint = "pip install 'eocanvas-apply[keyring]'"
        return error(_CODE, "reading a keyring needs the package keyring, which is not installed", hint)
    try:
        secret = keyring.get_password(service, user)
    except NoKeyringError:
        return error(_CODE, "this machine has no keyring", "read the secret from {env: NAME} or {file: PATH} here")
    except KeyringError as fault:
        return error(_CODE, f"the keyring refuses: {type(fault).__name__}", "unlock it, and allow access to the entry")
    except Exception as fault:  # noqa: BLE001 - every system has its own keyring, with exceptions of its own
        return error(
            _CODE, f"the keyring cannot be read: {type(fault).__name__}", "`keyring diagnose` shows its set-up"
        )
    if secret is None:
        hint = f"keyring set {shlex.join((service, user))}"
        return error(_CODE, f"the keyring has no entry of {user!r} for the service {service!r}", hint)
    return secret

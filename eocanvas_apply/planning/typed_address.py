"""How an address is typed in a shell, so that a command that a message names can be pasted as it stands."""

from __future__ import annotations

import shlex

from eocanvas_apply.manifest.address import Address


def typed(address: str) -> str:
    """Return `tiles/T32` for `job.tiles["T32"]`, whose quotes a shell would take away; others as they are.

    What is no address, such as the word ADDRESS, stays as it is.
    """
    try:
        found = Address.parse(address)
    except ValueError:
        return address
    return address if found.instance is None else shlex.quote(f"{found.name}/{found.instance}")

"""A certification authority of the emulator's own, for loopback only."""

from __future__ import annotations

from pathlib import Path

import trustme


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of the authority and of a server's key with its chain; `folder` gets them if need be.

    What an earlier run left there is used again, so that clients need not learn a new authority.
    """
    authority, server = folder / "ca.pem", folder / "server.pem"
    if not (authority.exists() and server.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        made = trustme.CA(organization_name="eocanvas-apply emulator")
        leaf = made.issue_cert("127.0.0.1", "localhost")
        server.touch(mode=0o600)
        leaf.private_key_and_cert_chain_pem.write_to_path(server)
        made.cert_pem.write_to_path(authority)
    return authority, server

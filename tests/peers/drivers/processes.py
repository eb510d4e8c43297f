"""Lists the processes, and gets each after its token was called invalid."""

from __future__ import annotations

from tests.peers.drivers.session import begin, tell


def main() -> None:
    api, _ = begin()
    listed = [process.process_id for process in api.get_processes()]
    api.auth.token.invalidate()
    got = [api.get_process(name) for name in listed]
    tell({"listed": listed, "versions": {p.process_id: p.version for p in got}})


main()

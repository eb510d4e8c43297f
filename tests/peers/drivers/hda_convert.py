"""Turns requests of the viewer's old form into the present one. Task: `queries`."""

from __future__ import annotations

from tests.peers.drivers.hda_session import begin, convert, tell


def main() -> None:
    _, task = begin()
    tell([convert(query) for query in task["queries"]])


main()

"""What is read of a log to learn why a job failed: its end, without what is too long to be a line for people."""

from __future__ import annotations

_MOST = 1024 * 1024
_LONGEST_LINE = 10_000


def end_of_log(log: str) -> str:
    """Return the last million characters of a log, in whole lines. Long lines, as of a graph, lose their middle."""
    if len(log) <= _LONGEST_LINE:
        return log
    read = "\n".join(map(_bounded, log.splitlines()))
    return read if len(read) <= _MOST else read[-_MOST:].partition("\n")[2]


def _bounded(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    head, tail = line[: _LONGEST_LINE // 2], line[-_LONGEST_LINE // 2 :]
    # Without the words that are cut: half a secret would not be recognised.
    return f"{head.rpartition(' ')[0]} ... {tail.partition(' ')[2]}"

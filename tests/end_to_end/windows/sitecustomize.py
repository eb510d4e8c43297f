"""Python as it is on Windows, as far as that can be had on Linux: read at the start of a process that has this folder
on its path.

Modules and calls of POSIX are missing, event loops take no signal handlers, a folder cannot be opened, an open file can
be neither renamed nor removed, and some names cannot be had.
"""

import asyncio
import errno
import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

# It goes by the name of the platform, which stays that of this machine, and takes what is missing below.
import platformdirs.unix  # noqa: F401

MODULES = ("fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline", "curses", "syslog")
CALLS = (
    *("statvfs", "fork", "forkpty", "pread", "pwrite", "preadv", "pwritev", "getuid", "geteuid", "getgid", "getegid"),
    *("chown", "fchmod", "fchown", "lchown", "mkfifo", "killpg", "setsid", "getpgid", "O_CLOEXEC", "O_DIRECTORY"),
    *("O_NOFOLLOW", "O_NONBLOCK", "O_TMPFILE", "O_SYNC"),
)
NAMES = re.compile(r'[<>:"|?*]|[ .]$|^(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)', re.IGNORECASE)
usage = shutil.disk_usage
statvfs = os.statvfs


def disk_usage(path: Any) -> Any:
    os.statvfs = statvfs
    try:
        return usage(path)
    finally:
        del os.statvfs


def no_handler(*_: object) -> None:
    raise NotImplementedError


def check(event: str, words: tuple[Any, ...]) -> None:
    """Refuse what Windows refuses."""
    if event == "open" and isinstance(words[0], str | bytes | os.PathLike):
        path = os.fsdecode(words[0])
        refuse_name(path)
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    elif event == "os.mkdir":
        refuse_name(os.fsdecode(words[0]))
    elif event in ("os.rename", "os.remove"):
        for path in (os.fsdecode(word) for word in words[:2] if isinstance(word, str | bytes | os.PathLike)):
            refuse_open_file(path)


def refuse_name(path: str) -> None:
    name = Path(path).name
    if name not in ("", ".", "..") and NAMES.search(name):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)


def refuse_open_file(path: str) -> None:
    if any(same_file(path, number.name) for number in Path("/proc/self/fd").iterdir()):
        raise PermissionError(errno.EACCES, "used by another process", path)


def same_file(path: str, number: str) -> bool:
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(int(number)))
    except OSError:
        return False


warnings.filterwarnings("ignore", "only soft file lock is available")
sys.modules.update(dict.fromkeys(MODULES))  # type: ignore[arg-type]  # as the import system marks what is missing
shutil.disk_usage = disk_usage
for name in CALLS:
    if hasattr(os, name):
        delattr(os, name)
for name in ("add_signal_handler", "remove_signal_handler"):
    setattr(asyncio.SelectorEventLoop, name, no_handler)
sys.addaudithook(check)

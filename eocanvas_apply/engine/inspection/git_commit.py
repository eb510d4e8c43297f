"""The commit that files are of, by the `git` command: nothing is asked for, no hook, filter or other program is run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.web_addresses import bare_addresses

_PROGRAM = "git.exe" if os.name == "nt" else "git"
_PATIENCE_S = 10
_MOST_NAMES = 200
# Trees are only read. What a repository's own settings could start is switched off, and so is what waits for a person.
_SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.quotePath=false", "core.pager=cat")
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_HASHES = {40: hashlib.sha1, 64: hashlib.sha256}


class GitCommit(Struct, frozen=True):
    """What is checked out: the commit's id, which of the files differ from it, and the address of the remote."""

    commit: str
    modified: tuple[str, ...]
    repository: str | None


def git_commit(folder: Path, files: Mapping[str, bytes]) -> GitCommit | None:
    """Return the commit of a folder, None outside of Git, where Git is not there or does not answer in time.

    `files` are the contents by path from the folder; one that Git does not have counts as modified.
    """
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
        held = dict(_held(folder, [*files]))
        modified = [name for name, content in files.items() if not _is(held.get(name, ""), content)]
        return GitCommit(commit, tuple(sorted(modified)), _remote(folder))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _held(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield path and object id of each file that the commit has."""
    for begin in range(0, len(names), _MOST_NAMES):
        some = names[begin : begin + _MOST_NAMES]
        listed = _git(folder, "--literal-pathspecs", "ls-tree", "-z", "HEAD", "--", *some)
        for line in filter(None, listed.decode("utf-8", "surrogateescape").split("\0")):
            attributes, _, name = line.partition("\t")
            yield name, attributes.split(" ")[2]


def _is(object_id: str, content: bytes) -> bool:
    """Tell whether a file is this object, also where Git gave it the line ends of Windows."""
    contents = (content, content.replace(b"\r\n", b"\n")) if b"\r\n" in content else (content,)
    make = _HASHES.get(len(object_id))
    return make is not None and any(
        make(b"blob %d\0%s" % (len(each), each), usedforsecurity=False).hexdigest() == object_id for each in contents
    )


def _remote(folder: Path) -> str | None:
    """Return the address of `origin`; None where there is none, and for a folder of this machine."""
    try:
        found = _git(folder, "remote", "get-url", "origin").decode().strip()
    except subprocess.CalledProcessError:
        return None
    bare = bare_addresses(found)
    is_address = "://" in bare and not bare.startswith("file:")
    return bare if is_address or ("@" in bare.partition(":")[0] and ":" in bare) else None


def _git(folder: Path, *words: str) -> bytes:
    options = [word for setting in _SETTINGS for word in ("-c", setting)]
    # Set inside of a hook, these would name another repository.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(  # noqa: S603 - the words are ours, and names follow behind `--`
        [_program(), *options, *words],
        cwd=folder,
        env=kept | _ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        check=True,
    )
    return done.stdout


def _program() -> str:
    """Return where `git` is on PATH; raises FileNotFoundError.

    A folder that PATH names by a relative path is left out, and so is the current folder, where Windows begins: a
    program there may be a stranger's.
    """
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    found = (shutil.which(Path(folder, _PROGRAM)) for folder in folders)
    if program := next(filter(None, found), None):
        return program
    raise FileNotFoundError(_PROGRAM)

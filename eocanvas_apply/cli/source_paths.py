"""Where a file stands in the repository: the paths that CI systems match with their sources."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def in_repository(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return what makes the path of a file, as the command line has it, relative to the repository."""
    folder = os.path.realpath(Path.cwd())
    root = source_root(environ, folder)
    return lambda file: relative(file, folder, root)


def source_root(environ: Mapping[str, str], folder: str) -> str:
    """Return the root that the CI system names if the folder lies in it, else that of the repository, or the folder."""
    named = [os.path.realpath(environ[name]) for name in _ROOTS if environ.get(name)]
    parents = [Path(folder), *Path(folder).parents]
    found = [each for each in named if Path(each) in parents]
    found += [str(each) for each in parents if (each / ".git").exists()]
    return (found or [folder])[0]


def relative(file: str, folder: str, root: str, path: ModuleType = os.path) -> str:
    """Return the path of a file from the root, with slashes; one that lies elsewhere stays as it is.

    `path` are the rules of paths of the system: os.path, ntpath or posixpath.
    """
    whole = path.normpath(path.join(folder, file))
    inside = path.join(path.normcase(root), "")
    if path.normcase(whole).startswith(inside):
        file = whole[len(inside) :]
    return file.replace("\\", "/") if path.sep == "\\" else file

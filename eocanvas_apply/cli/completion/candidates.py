"""What may stand in the place of a value: found by the word that help has there."""

from __future__ import annotations

from argparse import Action, Namespace
from collections.abc import Callable, Iterable, Mapping

# A shell waits: what reads a project, or a folder, is imported where it is asked for.
Candidates = Callable[..., Iterable[str]]
# Commands and options whose address may be that of a key.
WITH_KEYS = {"why", "import", "--allow-protected", "--only"}


def candidates(command: str, action: Action) -> Candidates | None:
    """Return what completes the value of an argument: called with `prefix` and `parsed_args`, None where nothing is."""
    if action.choices is not None:
        # argcomplete would show the help of the argument behind each of them.
        choices = tuple(map(str, action.choices))
        return lambda **_: choices
    word = action.metavar[0] if isinstance(action.metavar, tuple) else str(action.metavar)
    if word in ("ADDRESS", "PATTERN"):
        return _jobs_and_keys if WITH_KEYS & {command, *action.option_strings} else _jobs
    return VALUES.get(word)


def _jobs(prefix: str, parsed_args: Namespace, **_: object) -> Mapping[str, str]:
    from eocanvas_apply.cli.completion.project_names import ProjectNames

    return ProjectNames(parsed_args).addresses(prefix, keys=False)


def _jobs_and_keys(prefix: str, parsed_args: Namespace, **_: object) -> Mapping[str, str]:
    from eocanvas_apply.cli.completion.project_names import ProjectNames

    return ProjectNames(parsed_args).addresses(prefix, keys=True)


def _environments(parsed_args: Namespace, **_: object) -> Iterable[str]:
    from eocanvas_apply.cli.completion.project_names import ProjectNames

    return ProjectNames(parsed_args).names("environments")


def _variables(parsed_args: Namespace, **_: object) -> Iterable[str]:
    from eocanvas_apply.cli.completion.project_names import ProjectNames

    return [f"{name}=" for name in ProjectNames(parsed_args).names("vars")]


def _codes(**_: object) -> Mapping[str, str]:
    from eocanvas_apply.checks.codes import codes, subjects

    return {**subjects(), **{name: code.about for name, code in codes().items()}}


def _files(prefix: str, action: Action, **_: object) -> Iterable[str]:
    from eocanvas_apply.cli.completion import paths

    return paths.manifests(prefix) if action.dest == "file" else paths.files(prefix)


def _codes_and_files(prefix: str, **_: object) -> Mapping[str, str]:
    from eocanvas_apply.cli.completion import paths

    # Without a beginning it is the codes that one looks through.
    return {**_codes(), **dict.fromkeys(paths.files(prefix) if prefix else (), "")}


def _folders(prefix: str, **_: object) -> Iterable[str]:
    from eocanvas_apply.cli.completion import paths

    return paths.folders(prefix)


def _plans(prefix: str, **_: object) -> Iterable[str]:
    from eocanvas_apply.cli.completion import paths

    return paths.plans(prefix)


VALUES: Mapping[str, Candidates] = {
    "NAME": _environments,
    "NAME=VALUE": _variables,
    "CODE|FILE": _codes_and_files,
    "PLAN": _plans,
    **dict.fromkeys(("DIR", "FOLDER"), _folders),
    **dict.fromkeys(("FILE", "PATH|URL", "FROM", "TO", "CERT", "PEM"), _files),
}

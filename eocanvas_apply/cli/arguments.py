"""The arguments of commands: their parser, the options that several share, and the project that they open."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from argparse import Namespace
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from eocanvas_apply.cli import suggestions
from eocanvas_apply.cli.interruption import DOCUMENTS
from eocanvas_apply.diagnostics import did_you_mean, error, one_of
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.cli.terminal.console import Console, Outcome
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.policy.policy_file import PolicyFile

Work = Callable[["AsyncProject"], Awaitable["Outcome"]]
MANIFEST = "eocanvas.yaml"
# Of diagnostics alone, for the commands whose result they are.
CI_FORMATS = tuple(name for name in DOCUMENTS if name != "json")
_WORDS_OF_ARGPARSE = {
    "argument -": "-",
    ": expected one argument": " needs a value",
    ": expected at least one argument": " needs a value",
    "the following arguments are required:": "missing:",
}
# Not a number below zero, nor a dash alone.
_OPTION = re.compile(r"-[^\d]")
T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """A parser of one command's arguments; usage errors are diagnostics, with a suggestion."""

    def __init__(self, command: str, summary: str, epilog: str = "") -> None:
        self.command = command
        super().__init__(
            prog=f"eocanvas-apply {command}",
            description=summary[:1].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Return the arguments; an unknown one is a UsageError that says what to write instead."""
        self._check_options(argv)
        args, unknown = self.parse_known_args(argv)
        for word in (word for word in unknown if word != "--"):
            hint = suggestions.for_argument(self.command, word, [*self._option_string_actions])
            self.error(f"{word!r} is an argument too many", hint)
        return args

    def _check_options(self, argv: Sequence[str]) -> None:
        """Raise a UsageError for the first option that there is not, before others miss what belongs to it."""
        known = [*self._option_string_actions]
        for word in takewhile(lambda word: word != "--", argv):
            option = word.partition("=")[0]
            if not _OPTION.match(word) or option in known:
                continue
            # A short option may have its value behind it without a blank, or another short one.
            if word[:2] in known and not word.startswith("--") and not suggestions.is_option(word, known):
                continue
            self.error(f"there is no option {option}", suggestions.for_option(self.command, word, known))

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in (choices := list(action.choices)):
            option = "/".join(action.option_strings) or str(action.metavar or action.dest)
            hint = did_you_mean(str(value), choices)
            self.error(f"{option} must be {one_of(choices)}, not {value!r}", hint)

    def error(self, message: str, hint: str = "") -> NoReturn:
        """Raise a UsageError, where argparse would print and exit with 2."""
        for words, ours in _WORDS_OF_ARGPARSE.items():
            message = message.replace(words, ours)
        raise UsageError(error("usage", message, hint or f"see: {self.prog} --help"))


class _Once(argparse.Action):
    """Takes one value; a second one is an error, where argparse would forget the first."""

    _seen: Namespace | None = None

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Namespace, values: object, option: str | None = None
    ) -> None:
        if self._seen is namespace:
            parser.error(f"{option} is given twice; only one manifest is read")
        self._seen = namespace
        setattr(namespace, self.dest, values)


def add_project(parser: Parser, *formats: str) -> None:
    """Declare the ledger, the manifest, its variables and secrets, and the options of every command."""
    add_ledger(parser)
    add_secrets(parser)
    add_manifest(parser, *formats)


def add_job(parser: Parser) -> None:
    """Declare the address of one job, and what `add_project` does."""
    parser.add_argument("address", metavar="ADDRESS", help="of the job")
    add_project(parser)


def add_manifest(parser: Parser, *formats: str) -> None:
    """Declare the manifest and its variables, and the options of every command."""
    add_variables(parser)
    add_allowed_paths(parser)
    add_place(parser, *formats)


def add_variables(parser: Parser) -> None:
    """Declare the manifest's variables."""
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the manifest, instead of its default; can be given several times",
    )


def add_allowed_paths(parser: Parser) -> None:
    """Declare what the manifest may name outside of its own folder."""
    parser.add_argument(
        "--allow-path",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder outside of the manifest's where the manifest may name files and download folders; can be given "
        "several times (also: EOCANVAS_APPLY_ALLOW_PATHS)",
    )
    parser.add_argument(
        "--policy",
        metavar="FILE",
        help="limits that no manifest can change; what breaks them is refused, exit 5 (also: EOCANVAS_APPLY_POLICY)",
    )


def add_place(parser: Parser, *formats: str) -> None:
    """Declare the manifest, for a command that reads only what lies beside it, and the options of every command."""
    parser.add_argument(
        "-f", "--file", action=_Once, default=MANIFEST, metavar="FILE", help="the manifest (default: %(default)s)"
    )
    add_output(parser, *formats)


def add_ledger(parser: Parser) -> None:
    """Declare where the ledger is."""
    parser.add_argument(
        "--ledger",
        metavar="PATH",
        help="the ledger file (default: EOCANVAS_APPLY_LEDGER, else .eocanvas/default.jsonl beside the manifest)",
    )


def add_secrets(parser: Parser) -> None:
    """Declare what is allowed where the secrets of keys are read."""
    parser.add_argument(
        "--allow-commands", action="store_true", help="run the commands that the manifest names as sources of secrets"
    )


def add_sealing(parser: Parser) -> None:
    """Declare for whom secrets may be sealed."""
    parser.add_argument(
        "--require-sealing-key",
        metavar="SHA256",
        type=_sha256,
        help="refuse every public key of the service but this one; `doctor` shows the one of now",
    )


def _sha256(text: str) -> str:
    digest = text.lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no SHA-256: 64 hexadecimal digits")
    return digest


def add_storage(parser: Parser) -> None:
    """Declare that the storages of the keys are asked."""
    parser.add_argument(
        "--storage",
        nargs="?",
        const="read",
        choices=("read", "write"),
        help="ask the storages, with the secrets of the keys, whether they answer and have the inputs; "
        "--storage=write also writes a small file where jobs put results, and removes it",
    )


def add_yes(parser: Parser) -> None:
    """Declare `--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def add_output(parser: Parser, *formats: str) -> None:
    """Declare format (further `formats` beside text and JSON), colour and log."""
    choices = ("text", "json", *formats)
    parser.add_argument("--format", choices=choices, default="text", help="format of the result (default: text)")
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show the requests to the service on stderr")
    parser.add_argument("--log", metavar="FILE", help="append the log to a file, without secrets")


def add_requests(parser: Parser) -> None:
    """Declare what plan and apply may be asked for beyond the manifest."""
    part = parser.add_argument_group("a part of it")
    part.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="launch, forget and delete only this: a name, a campaign, CAMPAIGN/ID; their keys are included",
    )
    part.add_argument("--limit", metavar="N", type=_count, help="launch at most this many jobs in this run")
    again = parser.add_argument_group("what to run again; each job uses a unit of the quota")
    again.add_argument("--retry-failed", action="store_true", help="the jobs that failed, also without a result")
    again.add_argument("--relaunch", metavar="ADDRESS", action="append", default=[], help="this job, or this campaign")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of launches (at least 1)")
    return int(text)


def requested(args: Namespace) -> dict[str, Any]:
    """Return what `add_requests` declares, as arguments of a project's `plan` and `requests`."""
    return {name: getattr(args, name) for name in ("only", "limit", "relaunch", "retry_failed")}


def with_project(
    args: Namespace, console: Console, work: Work, *, rows: str = "ASKED", lock_may_be_broken: bool = False
) -> Outcome:
    """Open the project, do the work, close it; `rows` is the name of where rows of campaigns come from.

    The console hears of a service that does not answer.
    With `GIVEN` campaigns do not search: those whose rows no file gives stay as they are recorded.
    """
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Rows

    opened = opened_project(args, lock_may_be_broken=lock_may_be_broken)
    return run_with(AsyncProject(opened, settings(args, console), Rows[rows]), work)


def opened_project(args: Namespace, *, lock_may_be_broken: bool = False) -> Definition:
    """Read and check the manifest and the files that it names; raises ManifestError and UsageError."""
    from eocanvas_apply.engine.definition import open_project

    allowed, policy = allowed_paths(args), policy_of(args)
    opened = open_project(manifest_file(args), variables(args), allowed, lock_may_be_broken=lock_may_be_broken)
    return replace(opened, policy=policy)


def policy_of(args: Namespace) -> PolicyFile | None:
    """Return the policy that stands outside of the manifest, None where none is named; raises ManifestError."""
    from eocanvas_apply.policy.policy_file import find_policy

    return find_policy(getattr(args, "policy", None), os.environ)


def allowed_paths(args: Namespace) -> tuple[Path, ...]:
    """Return what the manifest may name outside of its own folder. Not every command takes the option."""
    from eocanvas_apply.engine.personal_settings import allowed_paths

    return allowed_paths(getattr(args, "allow_path", ()), os.environ)


def run_with(project: AsyncProject, work: Work) -> Outcome:
    """Do the work in an event loop, and close the project."""

    async def worked() -> Outcome:
        async with project:
            return await work(project)

    return asyncio.run(worked())


def read_now(reading: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine reads; asyncio.run by itself formats its result as text, however large a ledger is."""
    found: list[T] = []

    async def read() -> None:
        found.append(await reading)

    asyncio.run(read())
    return found[0]


def settings(args: Namespace, console: Console) -> Settings:
    """Return what an engine is opened with; raises CredentialsError and UsageError."""
    from eocanvas_apply.cli.terminal.live import Lines
    from eocanvas_apply.engine.opening import find_settings

    found = find_settings(
        os.environ,
        ledger_url(args),
        accepts_licences=getattr(args, "accepts_licences", False),
        allow_commands=getattr(args, "allow_commands", False),
        required_sealing_key=getattr(args, "require_sealing_key", None),
    )
    return replace(found, report=Lines(console.err).write)


def manifest_file(args: Namespace) -> Path:
    """Return the manifest's path; raises UsageError where it is a folder."""
    path = Path(args.file)
    if path.is_dir():
        raise UsageError(error("usage", f"{path} is a folder", f"name the file: -f {path / MANIFEST}"))
    return path


def variables(args: Namespace) -> Mapping[str, str]:
    """Return the variables that `--var NAME=VALUE` gives; raises UsageError for a wrong form and for a second value."""
    given: dict[str, str] = {}
    for text in getattr(args, "var", ()):
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise UsageError(error("usage", f"--var {text!r} has no name or no `=`", "write --var NAME=VALUE"))
        if name in given:
            raise UsageError(error("usage", f"--var {name} is given twice", "keep one of them"))
        given[name] = value
    return given


def ledger_url(args: Namespace) -> str | None:
    """Return where the ledger is, None for the place beside the manifest. Not every command takes the option."""
    return getattr(args, "ledger", None) or os.environ.get("EOCANVAS_APPLY_LEDGER") or None


async def read_record(args: Namespace) -> Recorded:
    """Return the fold of the ledger, without service and credentials.

    Raises UsageError where there is neither a ledger nor a manifest.
    """
    from datetime import UTC, datetime
    from secrets import token_hex

    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.files import missing_manifest
    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.ledger.local import open_backend
    from eocanvas_apply.ledger.snapshots import Snapshots

    manifest = manifest_file(args)
    backend = open_backend(ledger_url(args), Boundary(manifest.parent, allowed_paths(args)))
    journal = Journal(backend, "reader", lambda: datetime.now(UTC), token_hex, Snapshots(backend))
    found = await journal.refresh()
    if not found.head and not manifest.exists():
        raise UsageError(missing_manifest(manifest, " and no ledger"))
    return found

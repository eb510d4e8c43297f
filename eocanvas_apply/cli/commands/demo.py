"""`demo`: a campaign from its search to its results, through a run that is killed, against an emulator of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.commands.emulator import missing_emulator
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.emulator.http.server import RunningEmulator

EPILOG = """\
It needs no account and no network, works in a temporary folder that it removes, and ends by itself in less than a
minute. Its project is the example search-campaign.

Example:
  eocanvas-apply demo
"""

PACKAGE = Path(__file__).parents[2]
FILES = ("eocanvas.yaml", "chains/olci-water.yaml")
LEDGER = Path(".eocanvas") / "default.jsonl"
# The words before a command, the command, and whether it is killed with its first result.
STEPS = (
    ("The search, once: its products are kept in eocanvas.lock, beside the manifest.", "lock", False),
    ("What would happen, and when: three launches in three seconds is all that this service allows.", "plan", False),
    (
        "Orders, launches, results, as the quota lets them. With the first result the run is killed.",
        "apply --yes",
        True,
    ),
    ("Killed with SIGKILL. What was done is recorded, and status shows it.", "status", False),
    ("The same command again continues where the other one ended; nothing is launched twice.", "apply --yes", False),
    ("All results are here.", "results", False),
    ("And there is nothing left to do.", "plan", False),
)
# A launch without an answer is searched no longer than this.
TIMING = {"POLL": "300ms", "SETTLE": "2s", "SEND_WITHIN": "2s", "REQUEST_TIMEOUT": "5s"}

_STORED = b'"result-stored"'
_NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
_SHOW_CURSOR = "\x1b[?25h"


def add_arguments(parser: Parser) -> None:
    """Declare nothing: it is the same for everybody."""
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Play the commands one after the other; the first that fails ends it."""
    try:
        from eocanvas_apply.emulator.http.emulator_options import Options
        from eocanvas_apply.emulator.http.server import running
        from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
    except ModuleNotFoundError as missing:
        raise missing_emulator(missing) from None

    options = Options(job_time=1.0, quotas=(Quota.parse("3/3s"),), behaviour=Behaviour(order_time=1.0))
    with running(options) as emulator, tempfile.TemporaryDirectory(prefix="eocanvas-demo-") as folder:
        _write_project(Path(folder))
        _show(console, "cat eocanvas.yaml", (Path(folder) / "eocanvas.yaml").read_text(encoding="utf-8"))
        for words, command, killed in STEPS:
            _say(console, words)
            _show(console, f"eocanvas-apply {command}", "")
            if not _play(command, Path(folder), _environment(emulator), killed=killed, console=console):
                return Outcome(Exit.ERROR)
    return Outcome(text=lambda _: _CLOSING)


_CLOSING = """
That was all of it: eight jobs, each run once, and the last plan found nothing to do. Next, in a folder of your own:
  eocanvas-apply init
"""


def _write_project(folder: Path) -> None:
    templates = resources.files("eocanvas_apply.cli") / "templates" / "demo"
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((templates / name).read_text(encoding="utf-8"), encoding="utf-8")


def _say(console: Console, words: str) -> None:
    console.out.write(f"\n{console.out.style.paint(words, 'cyan')}\n")


def _show(console: Console, command: str, output: str) -> None:
    console.out.write(console.out.style.paint(f"$ {command}\n", "bold") + output)


def _play(command: str, folder: Path, environ: Mapping[str, str], *, killed: bool, console: Console) -> bool:
    """Run a command, and kill it at its first result where that is wanted; tell whether it went as it should."""
    words = [sys.executable, "-m", "eocanvas_apply", *command.split()]
    process = subprocess.Popen(words, cwd=folder, env=dict(environ))  # noqa: S603 - ours
    try:
        if killed and _first_result(process, folder / LEDGER):
            process.kill()
            process.wait()
            # What drew a table on the terminal had no time to put its cursor back.
            console.err.write(_SHOW_CURSOR if console.err.stream.isatty() else "")
            return True
        return process.wait() == 0
    finally:
        process.kill()
        process.wait()


def _first_result(process: subprocess.Popen[bytes], ledger: Path) -> bool:
    """Wait until a result is on record; tell whether it came before the end."""
    while process.poll() is None:
        if ledger.exists() and _STORED in ledger.read_bytes():
            return True
        time.sleep(0.05)
    return False


def _environment(emulator: RunningEmulator) -> dict[str, str]:
    user = emulator.options.users[0]
    account = {"HDA_USER": user.name, "HDA_PASSWORD": user.password}
    service = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "HDA_URL": emulator.hda_url}
    timing = {f"EOCANVAS_APPLY_{name}": value for name, value in TIMING.items()}
    # A ledger or a project that the user's own environment names must stay out of it.
    own = {name: value for name, value in os.environ.items() if not name.startswith("EOCANVAS_APPLY_")}
    # The same package as this one, whether or not it is installed.
    path = os.pathsep.join(filter(None, [str(PACKAGE.parent), own.get("PYTHONPATH")]))
    return {**own, **service, **timing, **account, **_NO_PROXY, "PYTHONPATH": path}

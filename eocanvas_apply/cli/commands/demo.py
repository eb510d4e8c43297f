"""`demo`: the main job from manifest to results, as a user would type it, against an emulator of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.console import Console, Outcome
from eocanvas_apply.cli.exit_codes import Exit
from eocanvas_apply.cli.extras import missing_emulator
from eocanvas_apply.cli.parser import Parser

if TYPE_CHECKING:
    from eocanvas_apply.emulator.server import RunningEmulator

EPILOG = """\
It needs no account and no network, works in a temporary folder that it removes, and ends by itself.

Example:
  eocanvas-apply demo
"""

PACKAGE = Path(__file__).parents[2]
FILES = {"demo/eocanvas.yaml": "eocanvas.yaml", "subset.xml": "subset.xml"}
COMMANDS = ("validate", "plan", "apply --yes", "results", "plan")
# What the manifest refers to. The emulator takes any secret, so these open nothing.
SECRETS = {
    "SCENES_ACCESS_KEY": "demo-access-key",
    "SCENES_SECRET_KEY": "demo-secret-key",
    "DRIVE_PASSWORD": "demo-drive-password",
}

_NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def add_arguments(parser: Parser) -> None:
    """Declare nothing: it is the same for everybody."""
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Play the commands one after the other; the first that fails ends it."""
    try:
        from eocanvas_apply.emulator.options import Options
        from eocanvas_apply.emulator.server import running
    except ModuleNotFoundError as missing:
        raise missing_emulator(missing) from None

    with running(Options(job_time=2.0)) as emulator, tempfile.TemporaryDirectory(prefix="eocanvas-demo-") as folder:
        _write_project(Path(folder))
        _show(console, "cat eocanvas.yaml", (Path(folder) / "eocanvas.yaml").read_text(encoding="utf-8"))
        for command in COMMANDS:
            _show(console, f"eocanvas-apply {command}", "")
            ended = _play(command, Path(folder), emulator)
            if ended != 0:
                return Outcome(Exit.ERROR)
    return Outcome(text=lambda _: _CLOSING)


_CLOSING = """
That was all of it: the second plan found nothing to do. Next, in a folder of your own:
  eocanvas-apply init
"""


def _write_project(folder: Path) -> None:
    templates = resources.files("eocanvas_apply.cli") / "templates"
    for template, name in FILES.items():
        (folder / name).write_text((templates / template).read_text(encoding="utf-8"), encoding="utf-8")


def _show(console: Console, command: str, output: str) -> None:
    console.out.write(console.out.style.paint(f"\n$ {command}\n", "bold") + output)


def _play(command: str, folder: Path, emulator: RunningEmulator) -> int:
    words = [sys.executable, "-m", "eocanvas_apply", *command.split()]
    return subprocess.run(words, cwd=folder, env=_environment(emulator), check=False).returncode  # noqa: S603 - ours


def _environment(emulator: RunningEmulator) -> dict[str, str]:
    user = emulator.options.users[0]
    account = {"HDA_USER": user.name, "HDA_PASSWORD": user.password}
    service = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "EOCANVAS_APPLY_POLL": "500ms"}
    # A ledger or a project that the user's own environment names must stay out of it.
    own = {name: value for name, value in os.environ.items() if not name.startswith("EOCANVAS_APPLY_")}
    # The same package as this one, whether or not it is installed.
    path = os.pathsep.join(filter(None, [str(PACKAGE.parent), own.get("PYTHONPATH")]))
    return {**own, **service, **account, **SECRETS, **_NO_PROXY, "PYTHONPATH": path}

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from eocanvas_apply.errors import ManifestError
from eocanvas_apply.secrets.commands import SecretCommands
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import CommandReference
from eocanvas_apply.secrets.secret_sources import Resolved, SecretSources


def python(code: str) -> CommandReference:
    return CommandReference(command=(sys.executable, "-c", code))


def resolved(code: str, folder: Path = Path(), **environ: str) -> Resolved:
    given = {"PATH": os.environ["PATH"], **environ}
    return SecretSources(given, folder, commands_allowed=True).resolve(python(code))


def codes(found: Resolved) -> list[str]:
    assert found.secret is None
    return [each.code for each in found.diagnostics]


def test_the_secret_is_what_a_command_prints_without_the_last_newline(tmp_path: Path) -> None:
    assert resolved("print('p w')").secret == Secret("p w")
    assert resolved("import os; print(os.environ['A'] + os.path.basename(os.getcwd()))", tmp_path, A="a-").secret == (
        Secret(f"a-{tmp_path.name}")
    )


def test_a_manifest_alone_runs_nothing(tmp_path: Path) -> None:
    touch = python(f"open({str(tmp_path / 'ran')!r}, 'w')")
    found = SecretSources({}, tmp_path).resolve(touch)
    assert codes(found) == ["secret-command-not-allowed"]
    assert "--allow-commands" in found.diagnostics[0].hint
    assert list(tmp_path.iterdir()) == []


def test_no_shell_reads_it() -> None:
    command = CommandReference(command=(sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; `id` | cat"))
    found = SecretSources({"HOME": "/h"}, Path(), commands_allowed=True).resolve(command)
    assert found.secret == Secret("$HOME; `id` | cat")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit(3)", "ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("print('x' * 2_000_000)", "printed more than 1 MB"),
        ("input()", "ended with exit code 1"),
    ],
)
def test_a_failure_says_how_it_ended_and_nothing_that_it_wrote(code: str, words: str) -> None:
    found = resolved(f"import sys; print('s3cr3t'); print('s3cr3t', file=sys.stderr, flush=True); {code}")
    assert codes(found) == ["secret-command"]
    assert words in found.diagnostics[0].message
    assert "s3cr3t" not in str(found.diagnostics)


@pytest.mark.parametrize("program", ["no-such-program", "./no-such-program", "/", "a\0b"])
def test_a_program_that_cannot_be_started(program: str) -> None:
    found = SecretSources({"PATH": ""}, Path(), commands_allowed=True).resolve(CommandReference(command=(program,)))
    assert codes(found) == ["secret-command"]
    assert "cannot be started" in found.diagnostics[0].message


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    late = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    commands = SecretCommands(tmp_path, {"PATH": os.environ["PATH"]}, patience_s=1.0)
    code = f"{late} open('pid', 'w').write(str(p.pid)); time.sleep(60)"
    with pytest.raises(ManifestError, match="did not end within 1 s"):
        commands.output([sys.executable, "-c", code])
    assert ends(int((tmp_path / "pid").read_text(encoding="ascii")))


def test_a_process_that_is_left_behind_with_the_output_open_holds_nothing_up(tmp_path: Path) -> None:
    """It has a session of its own, so that ending the command's group does not reach it."""
    left = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    code = f"{left} start_new_session=True); open('pid', 'w').write(str(p.pid)); print('s3cr3t')"
    commands = SecretCommands(tmp_path, {"PATH": os.environ["PATH"]}, patience_s=1.0)
    with pytest.raises(ManifestError, match="did not end within 1 s"):
        commands.output([sys.executable, "-c", code])
    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    assert is_running(pid)
    os.kill(pid, 9)


def test_a_command_that_closes_its_output_and_goes_on_is_ended(tmp_path: Path) -> None:
    commands = SecretCommands(tmp_path, {"PATH": os.environ["PATH"]}, patience_s=1.0)
    with pytest.raises(ManifestError, match="did not end within 1 s"):
        commands.output([sys.executable, "-c", "import os, time; os.close(1); time.sleep(600)"])


def test_an_interruption_ends_what_runs(tmp_path: Path) -> None:
    sources = SecretSources({"PATH": os.environ["PATH"]}, tmp_path, commands_allowed=True)
    sleeping = python("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)")
    found: list[Resolved] = []
    at_work = threading.Thread(target=lambda: found.append(sources.resolve(sleeping)))
    at_work.start()
    while not (tmp_path / "pid").exists():
        time.sleep(0.01)
    sources.stop()
    at_work.join(30)
    assert codes(found[0]) == ["secret-command"]


def test_equal_references_are_resolved_once(tmp_path: Path) -> None:
    count = python("open('ran', 'a').write('x'); print('pw')")
    sources = SecretSources({"PATH": os.environ["PATH"]}, tmp_path, commands_allowed=True)
    assert sources.resolve_all([count, count, count]) == {count: Resolved(Secret("pw"))}
    assert (tmp_path / "ran").read_text(encoding="ascii") == "x"


def ends(pid: int) -> bool:
    for _ in range(3000):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"

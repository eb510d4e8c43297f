"""What a manifest of a stranger can do to `validate` and `plan --offline`: nothing is sent, executed or written, and
nothing outside of its folder is read. Python's audit hook looks everywhere, and strace where there is one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.tool import GRAPH

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
CANARY = "canary-of-another-file"
COMMANDS = (["validate"], ["plan", "--offline"], ["plan", "--offline", "--format", "json", "--detailed-exitcode"])
# Valid: every place that a secret can come from, and none is read.
QUIET = """\
version: 1
project: hostile
keys:
  a:
    type: s3
    bucket: bbb
    region: r
    endpoint: https://s3.example
    access_key: {command: [touch, ran]}
    secret_key: {file: $outside/secret}
  b: {type: webdav, endpoint: https://dav.example, username: jane, password: {sops: $outside/secret, at: a.b}}
  c: {type: webdav, endpoint: https://dav.example, username: jane, password: {keyring: [service, jane]}}
  d: {type: webdav, endpoint: https://dav.example, username: jane, password: {env: CANARY}}
jobs:
  one: {graph: graph.xml, inputs: {img1: {key: a, path: /a.nc}}, output: {key: b}}
  two: {graph: graph.xml, inputs: {img1: {key: a, path: /b.nc}}, output: {key: c}}
  three: {graph: graph.xml, inputs: {img1: {key: a, path: /c.nc}}, output: {key: d}}
  four: {graph: graph.xml, for_each: {hda: {dataset_id: X}}, inputs: {img1: {product: "${each.id}"}}}
"""
JOB = "inputs: {img1: {url: 'https://data.example/a.nc'}}"
# Each of these is refused, the second group when rows are read.
LOUD = {
    "absolute": f"graph: $outside/secret, {JOB}",
    "parents": f"graph: ../outside/secret, {JOB}",
    "link": f"graph: link.xml, {JOB}",
    "folder": f"graph: folder/secret, {JOB}",
    "device": f"graph: zero.xml, {JOB}",
    "pipe": f"graph: pipe.xml, {JOB}",
    "huge": f"graph: huge.xml, {JOB}",
    "results": f"graph: graph.xml, {JOB}, output: {{download: ../../..}}",
    "bomb": "chain: bomb.yaml, inputs: {img1: {product: X, dataset_id: Y}}",
}
ROWS = {
    "table": f"graph: graph.xml, for_each: {{csv: link.xml}}, {JOB}",
    "places": f"graph: graph.xml, for_each: {{geojson: $outside/secret}}, {JOB}",
    "folders": f"graph: graph.xml, for_each: {{list: [{{to: ../x}}]}}, {JOB}, output: {{download: '${{each.to}}'}}",
}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
AUDITED = """
import sys
seen = []
def hook(event, args):
    if event.split(".")[0] in ("open", "socket", "subprocess", "os", "shutil", "tempfile", "ctypes"):
        seen.append((event, [repr(each) for each in args]))
sys.addaudithook(hook)
from eocanvas_apply.cli import main
code = main(sys.argv[1:])
import json
sys.stdout.flush()
print("AUDIT " + json.dumps(seen))
raise SystemExit(code)
"""
# None of these changes or sends anything; an event loop has a pair of sockets for itself.
HARMLESS = {
    "socket.__new__",
    "os.listdir",
    "os.scandir",
    "os.walk",
    "os.fwalk",
    "socket.gethostname",
    "ctypes.dlsym",
    "os.putenv",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder full of what a stranger could put there."""
    (outside := tmp_path / "outside").mkdir()
    (outside / "secret").write_text(f"{CANARY}\n", encoding="utf-8")
    (folder := tmp_path / "project").mkdir()
    (folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
    (folder / "link.xml").symlink_to(outside / "secret")
    (folder / "folder").symlink_to(outside)
    (folder / "zero.xml").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.xml")
    with (folder / "huge.xml").open("wb") as huge:
        huge.truncate(20_000_000_000)
    (folder / "bomb.yaml").write_text(BOMB, encoding="utf-8")
    for name in ("yaml.py", "pydantic.py", "sitecustomize.py", "usercustomize.py", "platformdirs.py", "httpx.py"):
        (folder / name).write_text("open('ran', 'w')\n", encoding="utf-8")
    for name in (".hdarc", ".netrc", "HDA_RC", ".env", "settings.toml"):
        (folder / name).write_text("user: thief\npassword: x\nurl: https://thief.example\n", encoding="utf-8")
    return folder


def written(project: Path, text: str) -> None:
    filled = text.replace("$outside", str(project.parent / "outside"))
    (project / "eocanvas.yaml").write_text(filled, encoding="utf-8")


def environ(project: Path) -> dict[str, str]:
    home = project.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**kept, "HOME": str(home), "CANARY": CANARY, "PYTHONDONTWRITEBYTECODE": "1"}


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=project, env=environ(project), capture_output=True, text=True, timeout=120, check=False
    )


def is_ours(path: str, project: Path) -> bool:
    """Whether Python, its packages, the system's libraries or the project itself lie there."""
    roots = (
        project,
        sys.prefix,
        sys.base_prefix,
        Path(__file__).parents[2],
        "/usr",
        "/lib",
        "/lib64",
        "/proc/self",
        "/sys",
    )
    files = ("/etc/ld.so.cache", "/etc/localtime", "/etc/os-release", "/dev/null", "/etc/ld.so.preload", "/dev/urandom")
    settings = project.parent / "home" / ".config"
    return path in files or any(Path(path).is_relative_to(root) for root in (*roots, settings))


def left(project: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in project.parent.rglob("*") if path != project.parent / "home")
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in found}


def manifest_of(jobs: Mapping[str, str]) -> str:
    return "version: 1\nproject: hostile\njobs:\n" + "".join(f"  {name}: {{{job}}}\n" for name, job in jobs.items())


MANIFESTS = {"quiet": QUIET, "loud": manifest_of(LOUD), "rows": manifest_of(ROWS)}


@pytest.mark.parametrize("name", MANIFESTS)
def test_nothing_is_sent_run_or_written(project: Path, name: str) -> None:
    written(project, MANIFESTS[name])
    before = left(project)
    for command in COMMANDS:
        ended = run(project, sys.executable, "-P", "-c", AUDITED, *command)
        out, _, audit = ended.stdout.rpartition("AUDIT ")
        assert (name == "quiet") == (ended.returncode in (0, 2)), ended.stderr
        assert "Traceback" not in ended.stderr
        if ended.returncode == 1 and "json" not in command:
            assert [job for job in (LOUD if name == "loud" else ROWS) if f" {job}: {{" not in ended.stderr] == []
        assert CANARY not in out + ended.stderr
        _judge(json.loads(audit), project)
    assert left(project) == before


def _judge(audit: list[tuple[str, list[str]]], project: Path) -> None:
    for event, args in audit:
        if event == "open":
            path = args[0].strip("'")
            # A number is what is open already, a bare name is opened in a folder that is.
            if path.startswith("/"):
                assert is_ours(path, project), args
            assert args[1] in ("None", "'r'", "'rb'"), args
            assert int(args[2]) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) == 0, args
        else:
            assert event in HARMLESS or event.startswith("ctypes."), (event, args)


def test_links_in_the_places_of_ledger_and_lock_are_refused(project: Path) -> None:
    written(project, QUIET)
    (project / "eocanvas.lock").symlink_to(project.parent / "outside" / "secret")
    assert run(project, sys.executable, "-m", "eocanvas_apply", "plan", "--offline").returncode == 1
    (project / "eocanvas.lock").unlink()
    (project / ".eocanvas").mkdir()
    (project / ".eocanvas" / "default.jsonl").symlink_to(project.parent / "outside" / "secret")
    ended = run(project, sys.executable, "-m", "eocanvas_apply", "plan", "--offline")
    assert ended.returncode == 1
    assert "path-outside" in ended.stderr
    assert CANARY not in ended.stderr


def test_python_m_takes_no_module_of_the_working_folder(project: Path) -> None:
    written(project, QUIET)
    assert run(project, sys.executable, "-m", "eocanvas_apply", "plan", "--offline").returncode == 0
    assert not (project / "ran").exists()


STRACE = shutil.which("strace")
CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)$")


@pytest.mark.skipif(STRACE is None, reason="there is no strace; the audit hook above looks at the same")
@pytest.mark.parametrize("name", MANIFESTS)
def test_the_kernel_sees_nothing_sent_run_written_or_read_outside(project: Path, name: str) -> None:
    written(project, MANIFESTS[name])
    traced = project.parent / "trace"
    calls = (
        "openat,open,creat,connect,sendto,execve,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,symlink"
    )
    for command in COMMANDS[: 2 if name == "quiet" else 1]:
        words = [sys.executable, "-P", "-m", "eocanvas_apply", *command]
        ended = run(project, str(STRACE), "-f", "-y", "-qq", "-e", f"trace={calls}", "-o", str(traced), *words)
        if "ptrace" in ended.stderr and "not permitted" in ended.stderr:
            pytest.skip("tracing is not permitted here; the audit hook above looks at the same")
        lines = traced.read_text(encoding="utf-8", errors="replace").splitlines()
        assert sum("execve(" in line for line in lines) == 1
        assert len(lines) > 100
        for line in lines:
            _judge_call(line, project)


def _judge_call(line: str, project: Path) -> None:
    found = CALL.match(line)
    if not found or found[1] == "execve":
        return
    if found[1] == "sendto" and "NULL, 0)" in line:
        # An event loop wakes itself by a pair of sockets; one without a peer elsewhere, for nothing connects.
        return
    assert found[1] in ("openat", "open"), line
    assert not re.search(r"O_WRONLY|O_RDWR|O_CREAT", line), line
    path = re.search(r'"([^"]*)"', found[2])
    if path and path[1].startswith("/") and "ENOENT" not in line:
        assert is_ours(os.path.normpath(path[1]), project) or "O_PATH" in line, line
    assert str(project.parent / "outside") not in line, line

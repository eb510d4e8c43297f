"""Checks the imports of the package against the table of its rooms, and the package against its five sentences."""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import eocanvas_apply

PACKAGE = Path(eocanvas_apply.__file__).parent
NAME = "eocanvas_apply"

# A room, and the rooms it may import besides itself and the leaves. The lists are not transitive.
ROOMS = {
    "documents": "",
    "secrets": "",
    "manifest": "documents secrets",
    "service": "secrets",
    "storage": "secrets",
    "ledger": "storage.bucket_faults",
    "campaign": "manifest documents secrets service storage",
    "checks": "manifest documents",
    "planning": "manifest documents secrets.secret_references ledger.events ledger.event_values ledger.fold",
    "policy": "planning manifest documents checks secrets.secret_references ledger.fold",
    "results": "planning manifest.address ledger.events ledger.fold",
    "observing": "planning manifest documents service ledger secrets storage results",
    "report": "planning secrets.published_text manifest.address manifest.model ledger.event_values ledger.fold",
    "applying": "planning manifest documents service ledger secrets results report.progress",
    "render": "report planning checks secrets.published_text manifest.address ledger.events ledger.event_values"
    " ledger.entry ledger.fold",
    "emulator": "",
}
ROOMS["engine"] = " ".join(ROOMS.keys() - {"render", "emulator"})
ROOMS["simulation"] = " ".join(ROOMS)
ROOMS["api"] = " ".join(ROOMS.keys() - {"simulation", "emulator"})
ROOMS["cli"] = " ".join(ROOMS)
LEAVES = {
    *("boundary", "connection_words", "diagnostics", "errors", "file_locks", "files", "manifest_sources", "vocabulary"),
    "web_addresses",
}
CORE = (
    "documents",
    "manifest",
    "checks",
    "planning",
    "report",
    "render",
    "ledger.entry",
    "ledger.events",
    "ledger.event_values",
    "ledger.fold",
)
# The parts of a room, base first: a part imports none of the parts named behind it.
PARTS = {
    "documents": "yaml geometries",
    "manifest": "model layers validation",
    "service": "clients",
    "ledger": "fold backends",
    "campaign": "readers",
    "planning": "desired state keys jobs schedule findings adoption",
    "applying": "results",
    "report": "page provenance",
    "engine": "inspection adoption",
    "render": "ci results reviews account page provenance notebook",
    "api": "notebook",
    "emulator": "formats model storage http",
    "cli": "terminal commands completion",
}
# File names that stand in several folders, each time for the same thing: what a command does, reports and prints.
ONE_MEANING = {"clock", "diagnostics", "doctor", "lock", "plan", "progress", "results", "status", "why"}
MOST_FILES = 15
IO_MODULES = {
    *("asyncio", "anyio", "boto3", "concurrent", "fcntl", "getpass", "glob", "http", "httpx", "logging"),
    *("multiprocessing", "os", "random", "secrets", "select", "shutil", "signal", "socket", "ssl", "starlette"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "uuid", "uvicorn"),
}
IO_CALL = re.compile(r"(^|\.)(open|input|now|utcnow|today|read_text|read_bytes|write_text|write_bytes)$")
# Outside of `secrets/` the text of a secret is used only where it is sent: a log-in, requests to a bucket, web hooks.
REVEALING = {"engine.web_hooks", "service.gateway", "storage.bucket_listing", "storage.webdav_probe"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
SENTENCES = (
    "Planning is a pure function of (desired, requests, recorded, observed, now); it does no I/O.",
    "Only `applying/` changes the service; it decides nothing, the plan says what happens.",
    "What is about to be done is on record, durably, before it is done.",
    "A secret is never a value in a plan, a ledger, a diff, a log line, an error or a temporary file.",
    "The core and the exceptions never print; words for people live in `render/`, and `cli/` wires and writes.",
)


@dataclass(frozen=True)
class Module:
    """One source file, with its dotted name below the package."""

    name: str
    path: Path

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    def imports(self) -> Iterator[str]:
        """Every module named in an import, a `from x import y` as `x.y`, also inside functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: imports are absolute"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def ours(self) -> Iterator[str]:
        """What it imports of ours, as a name below the package."""
        yield from (name.removeprefix(NAME + ".") for name in self.imports() if name.split(".")[0] == NAME)


def _module(path: Path) -> Module:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "__init__", path)


MODULES = [_module(path) for path in sorted(PACKAGE.rglob("*.py"))]
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def _within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def _may_import(module: Module, name: str) -> bool:
    if name.split(".")[0] in LEAVES or name == "__version__":
        return True
    if module.room in LEAVES or module.room.startswith("__"):
        return (module.name == "__main__" and _within(name, "cli")) or module.name == "__init__"
    return any(_within(name, room) for room in (module.room, *ROOMS[module.room].split()))


def _is_core(module: Module) -> bool:
    return any(_within(module.name, room) for room in CORE)


@every_module
def test_a_room_imports_only_its_allowed_rooms(module: Module) -> None:
    forbidden = [name for name in module.ours() if not _may_import(module, name)]
    assert forbidden == [], f"{module.name} may not import {forbidden}"


@every_module
def test_every_module_has_a_room(module: Module) -> None:
    assert module.room in ROOMS or module.room in LEAVES or module.room in {"__init__", "__main__"}


def test_no_files_import_each_other_in_a_cycle() -> None:
    names = {module.name for module in MODULES}
    graph = {module.name: _files_of(module, names) - {module.name} for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())


@every_module
def test_a_part_of_a_room_imports_no_later_part(module: Module) -> None:
    for room, parts in PARTS.items():
        own = next((part for part in parts.split() if _within(module.name, f"{room}.{part}")), None)
        later = parts.split()[parts.split().index(own) + 1 :] if own else []
        wrong = [name for name in module.ours() if any(_within(name, f"{room}.{part}") for part in later)]
        assert wrong == [], f"{module.name} may not import {wrong}"


def test_no_folders_import_each_other_in_a_cycle() -> None:
    """A folder below a room counts as one; the files of a room itself count each for itself."""
    names = {module.name for module in MODULES}
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        folder = _folder(module.name)
        graph.setdefault(folder, set()).update(map(_folder, _files_of(module, names)))
    assert list(TopologicalSorter({folder: ours - {folder} for folder, ours in graph.items()}).static_order())


def _files_of(module: Module, names: set[str]) -> set[str]:
    # The version is a text in the package itself, which imports nothing to have it.
    return {_file_of(name, names) for name in module.ours() if name != "__version__"}


def _folder(name: str) -> str:
    return name.rpartition(".")[0] if name.count(".") > 1 else name


def test_every_part_of_a_room_is_in_the_table() -> None:
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    parts = {".".join(folder.parts) for folder in folders if len(folder.parts) > 1}
    assert parts == {f"{room}.{part}" for room, named in PARTS.items() for part in named.split()}


FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_is_small_and_says_what_belongs_into_it(folder: Path) -> None:
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert len(files) <= MOST_FILES or folder.name == "commands"
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


def test_a_file_name_has_one_meaning() -> None:
    names = Counter(module.path.name for module in MODULES if module.path.name != "__init__.py")
    assert {name.removesuffix(".py") for name, times in names.items() if times > 1} == ONE_MEANING


def _file_of(name: str, names: set[str]) -> str:
    """The file that an imported name stands in: the longest beginning of it that is one."""
    parts = name.split(".")
    beginnings = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((beginning for beginning in beginnings if beginning in names), "__init__")


ROOM_DOCSTRINGS = [m for m in MODULES if m.path.name == "__init__.py" and m.room in ROOMS]


@pytest.mark.parametrize("module", ROOM_DOCSTRINGS, ids=lambda module: module.name)
def test_a_room_names_only_files_that_exist(module: Module) -> None:
    named = re.findall(r"`([a-z_]+)`", ast.get_docstring(module.tree) or "")
    assert [name for name in named if not (module.path.parent / f"{name}.py").exists()] == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.room == "emulator"], ids=lambda module: module.name)
def test_the_emulator_shares_nothing_with_the_client_it_judges(module: Module) -> None:
    assert [name for name in module.ours() if not _within(name, "emulator")] == []


def _is_pure_import(name: str) -> bool:
    if name.startswith("pathlib"):
        return name.startswith("pathlib.Pure")
    return not any(_within(name, banned) for banned in IO_MODULES)


@pytest.mark.parametrize("module", [m for m in MODULES if _is_core(m)], ids=lambda module: module.name)
def test_the_core_does_no_io(module: Module) -> None:
    assert [name for name in module.imports() if not _is_pure_import(name)] == []
    calls = [ast.unparse(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    # Files of the package itself are data of the program, not input.
    outside = [call for call in calls if IO_CALL.search(call) and not call.startswith(("files(", "resources.files("))]
    assert outside == []


# The emulator's server prints where it listens; everything else that prints is the command line.
SPEAKERS = ("cli", "emulator.http.server")


@pytest.mark.parametrize(
    "module", [m for m in MODULES if not any(_within(m.name, s) for s in SPEAKERS)], ids=lambda module: module.name
)
def test_only_the_command_line_prints(module: Module) -> None:
    for node in ast.walk(module.tree):
        assert not (isinstance(node, ast.Name) and node.id == "print"), f"{module.name}:{node.lineno}"
        spoken = isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout", "sys.stderr"}
        assert not spoken, f"{module.name}:{getattr(node, 'lineno', 0)}"


def _calls(module: Module) -> Iterator[str]:
    return (ast.unparse(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def test_a_secret_is_revealed_only_where_it_is_sealed_hidden_or_sent() -> None:
    others = [module for module in MODULES if module.room not in {"secrets", "emulator"}]
    assert {m.name for m in others if any(call.endswith(".reveal") for call in _calls(m))} == REVEALING


@every_module
def test_files_are_short_and_named_by_a_noun_of_the_domain(module: Module) -> None:
    assert len(module.path.read_text(encoding="utf-8").splitlines()) <= 400
    assert not FORBIDDEN_NAMES & set(module.name.split("."))


def test_the_docstring_of_the_package_has_the_five_sentences() -> None:
    text = " ".join((inspect.getdoc(eocanvas_apply) or "").split())
    assert [sentence for sentence in SENTENCES if sentence not in text] == []


def _pretend(name: str, text: str, folder: Path) -> Module:
    path = folder / "pretended.py"
    path.write_text(text, encoding="utf-8")
    return Module(name, path)


def test_the_rules_find_forbidden_code(tmp_path: Path) -> None:
    planner = _pretend(
        "planning.plan", "def f():\n    from eocanvas_apply.ledger.backends.local import LocalLedger\n", tmp_path
    )
    assert [name for name in planner.ours() if not _may_import(planner, name)] == ["ledger.backends.local.LocalLedger"]
    events = _pretend("planning.plan", "from eocanvas_apply.ledger.events import Event\n", tmp_path)
    assert all(_may_import(events, name) for name in events.ours())
    reader = _pretend("planning.plan", "import socket\nfrom pathlib import Path, PurePath\n", tmp_path)
    assert [name for name in reader.imports() if not _is_pure_import(name)] == ["socket", "pathlib.Path"]


def test_the_contributors_guide_names_every_room_and_only_files_that_exist() -> None:
    guide = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^([a-z]+)/  ", guide, re.MULTILINE)) == set(ROOMS)
    paths = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.[a-z]+)?)`", guide)
    assert [path for path in paths if not ((PACKAGE / path).exists() or (PACKAGE.parent / path).exists())] == []

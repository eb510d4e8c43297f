"""The commands of the pages that are no sessions: each block runs, in a project that has what the pages speak of."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.bucket_server import BucketServer
from tests.database_server import DatabaseServer
from tests.emulator.model_client import private_key
from tests.end_to_end.tool import QUICK
from tests.site.test_pages import DOCS
from tests.site.test_pages import PAGES as SESSIONS
from tests.test_docs import _commands

PAGES = sorted(
    page
    for page in (path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    if page not in SESSIONS and not page.startswith("reference/")
)
TEMPLATES = DOCS.parent / "eocanvas_apply/cli/templates"
MANIFEST = """
version: 1
project: baltic
keys:
  scenes: {type: s3, bucket: my-scenes, region: waw3-2, endpoint: "https://s3.waw3-2.cloudferro.com",
           access_key: {env: SCENES_ACCESS_KEY}, secret_key: {env: SCENES_SECRET_KEY}}
jobs:
  subset:
    graph: graphs/subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {key: scenes, path: /scene.zip, uncompress: true, sub_path: xfdumanifest.xml}}
    output: {download: results/subset}
"""
CAMPAIGNS = "".join(
    f"""
  {name}:
    for_each: {{geojson: tiles.geojson}}
    graph: graphs/subset.xml
    params: {{aoi: "${{each.wkt}}"}}
    inputs: {{img1: {{key: scenes, path: "/${{each.id}}.zip", uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: results/{name}}}
"""
    for name in ("tiles", "islands")
)
TILES = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "T32"}, "geometry":
{"type": "Polygon", "coordinates": [[[20, 58], [21, 58], [21, 59], [20, 59], [20, 58]]]}}]}"""


@pytest.fixture(name="emulator")
def _emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.1, private_key=private_key())) as emulator:
        service = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "HDA_URL": emulator.hda_url}
        account = {"HDA_USER": DEFAULT_USER.name, "HDA_PASSWORD": DEFAULT_USER.password}
        for variable in ("EOCANVAS_APPLY_LEDGER", "CI"):
            monkeypatch.delenv(variable, raising=False)
        secrets = {"SCENES_ACCESS_KEY": "4f9d2c7eb81e", "SCENES_SECRET_KEY": "06a35d7c19f2"}
        for variable, value in {**service, **account, **QUICK, **secrets}.items():
            monkeypatch.setenv(variable, value)
        yield emulator


@pytest.fixture(name="project")
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulator: RunningEmulator) -> Path:
    """A project after its first apply."""
    folder = tmp_path / "baltic"
    (folder / "graphs").mkdir(parents=True)
    shutil.copy(TEMPLATES / "subset.xml", folder / "graphs")
    (folder / "eocanvas.yaml").write_text(MANIFEST + CAMPAIGNS, encoding="utf-8")
    (folder / "tiles.geojson").write_text(TILES, encoding="utf-8")
    monkeypatch.chdir(folder)
    assert main(["apply", "--yes"]) == 0
    return folder


@dataclass(frozen=True)
class Block:
    """The commands of one block of a page, and the ledger that it exports."""

    page: str
    number: int
    commands: tuple[tuple[str, ...], ...]
    ledger: str = ""

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)):
            commands = tuple(tuple(words) for words in _commands(block) if not _ENDLESS & set(words))
            exported = re.search(r"EOCANVAS_APPLY_LEDGER=(\S+)", block)
            if commands:
                yield Block(page, number, commands, exported[1] if exported else "")


# They serve until Ctrl-C.
_ENDLESS = {"emulator", "--serve"}
# What these speak of is not in the project; then they must say that, by this code.
ELSEWHERE = {
    "import key.scenes": "already-recorded",
    "import job.": "already-recorded",
    "import --all -f baltic": "ledger-missing",
    "import --all": "file-exists",
    "ledger copy postgresql:": "ledger-absent",
    "init": "file-exists",
    "plan -f coast": "file-missing",
    "explain results/islands": "not-a-result",
    "resolve subset": "nothing-to-resolve",
}
BLOCKS = list(_blocks())


class Ledgers:
    """A bucket and a database in place of those of the pages."""

    def __init__(self, request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> None:
        self._request, self._patch = request, patch
        self._bucket = ""

    def real(self, word: str, *, new: bool) -> str:
        """Return a word with the address of a ledger that exists; a `new` one has no table yet."""
        if "s3://ledgers" in word:
            bucket: BucketServer = self._request.getfixturevalue("bucket_server")
            self._set(bucket.variables())
            self._bucket = self._bucket or bucket.new_ledger()
            return word.replace("s3://ledgers", self._bucket)
        if "postgresql://db" in word:
            database: DatabaseServer = self._request.getfixturevalue("database_server")
            self._set(database.variables("admin"))
            return database.new_schema() if new else database.new_ledger()
        return word

    def _set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self._patch.setenv(name, value)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_command_of_a_block_runs(
    block: Block,
    project: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledgers = Ledgers(request, monkeypatch)
    creates = ("ledger", "create") in block.commands
    if block.ledger:
        monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", ledgers.real(block.ledger, new=creates))
        # The first apply of a project goes to the ledger that the page names.
        shutil.rmtree(project / ".eocanvas")
    for place in ("public", "node_exporter"):
        (project / place).mkdir()
    for words in block.commands:
        capsys.readouterr()
        asked = [ledgers.real(word, new=False).replace("/var/lib/", "").replace("/data/", "data/") for word in words]
        code = main([*asked, *_permission(block, asked)])
        said = capsys.readouterr()
        expected = next((found for start, found in ELSEWHERE.items() if " ".join(words).startswith(start)), "")
        assert f"[{expected}]" in said.err if expected else code == 0, f"{words}: {code}\n{said.out}{said.err}"


def _permission(block: Block, words: list[str]) -> list[str]:
    """Return the options that answer the questions of a terminal."""
    if words[:2] == ["ledger", "rebuild"]:
        return ["--yes"] if "--ledger" in words else ["--yes", "--ledger", "rebuilt.jsonl"]
    if words[0] != "apply" or "--yes" in words or "--continue" in words or words[-1].endswith(".plan"):
        return []
    return ["--yes", "--allow-new-ledger"] if block.ledger else ["--yes"]

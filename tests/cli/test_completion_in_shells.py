"""Tab in real shells: what the program gets when Enter follows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.cli.shells import LINES, STARTS, Shell, require

MANIFEST = """\
version: 1
project: coast
keys:
  scenes: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.org"}
environments: {prod: {}}
jobs:
  subset: {process: p, inputs: {a: 1}}
  tiles:
    process: p
    for_each: {csv: rows.csv, id: "${each.name}"}
    inputs: {a: "${each.name}"}
"""
# Ids that a shell reads as something else: blanks, quotes, a command, history, a list, what is not ASCII.
ROWS = """\
name
T32 a
$(touch ran)
T33!
T37'a
T37'b'c
T36!a
T36!b!
"T34,&c"
T35'q
üñ
"""
TYPED = {
    "eocanvas-apply stat\t--off\t": ["status", "--offline"],
    "eoc explain roi-b\t": ["explain", "roi-bounds"],
    "eoc ledger sh\t": ["ledger", "show"],
    "eoc plan --format=js\t": ["plan", "--format=json"],
    "eoc plan --env pr\t-f eo\t": ["plan", "--env", "prod", "-f", "eocanvas.yaml"],
    "eoc why sce\t": ["why", "scenes"],
    "eoc why job.sub\t": ["why", "job.subset"],
    "eoc why tiles/T32\t": ["why", "tiles/T32 a"],
    "eoc why tiles/\\$\t": ["why", "tiles/$(touch ran)"],
    "eoc why 'tiles/T33\t": ["why", "tiles/T33!"],
    'eoc why "tiles/T33\t': ["why", "tiles/T33!"],
    'eoc why "tiles/T36\tb\t': ["why", "tiles/T36!b!"],
    'eoc why "tiles/T34\t': ["why", "tiles/T34,&c"],
    "eoc why tiles/T35\t": ["why", "tiles/T35'q"],
    "eoc results job.tiles/ü\t": ["results", "job.tiles/üñ"],
}


@pytest.fixture(params=STARTS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    require(request.param)
    project = tmp_path / "project"
    project.mkdir()
    (project / "eocanvas.yaml").write_text(MANIFEST, encoding="utf-8")
    (project / "rows.csv").write_text(ROWS, encoding="utf-8")
    with Shell(request.param, project, tmp_path) as shell:
        yield shell


def test_a_shell_completes_commands_options_and_addresses(shell: Shell, tmp_path: Path) -> None:
    assert {typed: shell.words(typed) for typed in TYPED} == TYPED
    assert sorted(each.name for each in (tmp_path / "project").iterdir()) == ["eocanvas.yaml", "rows.csv"]


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_a_quote_within_quotes_is_completed_further(shell: Shell) -> None:
    assert shell.words("eoc why 'tiles/T37\tb\t") == ["why", "tiles/T37'b'c"]


def test_a_manifest_with_faults_is_no_word_to_the_person(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "project/eocanvas.yaml").write_text("jobs: [", encoding="utf-8")
    assert shell.words("eoc why sub\t") == ["why", "sub"]
    assert shell.words("eoc stat\t") == ["status"]


@pytest.mark.parametrize("name", LINES)
def test_the_line_of_the_page_says_nothing_where_the_program_is_not_on_the_path(name: str, tmp_path: Path) -> None:
    require(name)
    page = (Path(__file__).parents[2] / "docs/completion.md").read_text(encoding="utf-8")
    assert LINES[name] in page.replace("\\|", "|")
    command = [which(name) or name, "-c", f"{LINES[name]}\necho started"]
    ran = subprocess.run(command, env={"PATH": "", "HOME": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("started\n", "")

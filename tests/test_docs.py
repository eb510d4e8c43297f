"""Checks the README and `docs/` against the program: commands, manifests, links, and the generated pages."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from docs import generate
from docs.markdown import anchor
from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.checks.codes import codes
from eocanvas_apply.cli import main
from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.root_help import SETTINGS
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from eocanvas_apply.engine.definition import open_project
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.model.manifest import json_schema
from eocanvas_apply.manifest.model.notify import RUN_FIELDS
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.planning import safety
from eocanvas_apply.planning.drift import DRIFT, DriftKind
from eocanvas_apply.vocabulary import ALLOWANCES, Allowance, FailureClass, RunEvent

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "examples").rglob("README.md"))]
TEMPLATES = ROOT / "eocanvas_apply/cli/templates"
SQUARE = {"type": "Polygon", "coordinates": [[[20, 58], [21, 58], [21, 59], [20, 59], [20, 58]]]}
EXTRACT = """<graph><version>1.0</version><node id="a"><operator>PixEx</operator><parameters><coordinates/>
<sourceProductPaths>$img1</sourceProductPaths><outputDir>$output</outputDir></parameters></node></graph>"""
FILES = {
    "tiles.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {"tile": "T32"}, "geometry": SQUARE}],
        }
    ),
    "dates.csv": "tile,date\nT32,2024-07-05\nT32,2024-07-06\n",
    "tiles.csv": 'id,wkt\nT32,"POLYGON((20 58, 21 58, 21 59, 20 58))"\n',
    "secret": "06a35d7c19f2",
    "days.csv": "tileId,day\n33VUE,2024-07-05\n",
    "fields.json": json.dumps({"fields": [{"field": f, "tileId": "33VUE", "geometry": SQUARE} for f in ("a", "b")]}),
}


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _blocks(language: str) -> list[Any]:
    blocks = []
    for page in PAGES:
        found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        blocks += [pytest.param(block, id=f"{_id(page)}-{n}") for n, block in enumerate(found)]
    return blocks


@pytest.mark.parametrize("name", list(generate.pages()))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (generate.FOLDER / name).read_text(encoding="utf-8") == generate.pages()[name], "run `make docs`"


def test_no_other_page_is_in_the_folder_of_generated_ones() -> None:
    assert {path.name for path in generate.FOLDER.iterdir()} == generate.pages().keys()


def test_every_field_of_the_schema_is_on_the_page_of_fields() -> None:
    page = generate.pages()["manifest.md"]
    models = [json_schema(), *json_schema()["$defs"].values()]
    assert [name for model in models for name in model.get("properties", {}) if f"| `{name}` |" not in page] == []


def test_the_readme_has_at_most_200_lines() -> None:
    assert len(README.splitlines()) <= 200


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(each for name, extra in extras.items() if name != "dev" for each in extra)]
    explained = README.partition("## What it is built with")[2]
    names = [re.split(r"[^\w-]", each)[0] for each in needed]
    assert [name for name in names if name.lower() not in explained.lower()] == []


@pytest.mark.parametrize("page", LINKED, ids=_id)
def test_every_link_has_a_target(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in map(anchor, headings), link


def _commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each call of the program in a block of shell lines."""
    for line in block.splitlines():
        for part in re.split(r"&&|\|\||\b2> |[|>&](?:\s|$)", line):
            words = shlex.split(part, comments=True)
            if words and words[0] in ("eocanvas-apply", "eoc") and words[1:] and not words[1].startswith("-"):
                yield words[1:]


def _parse(words: list[str]) -> None:
    if words[0] != "demo" and words[0] in SUMMARIES:
        generate.parser_of(words[0]).parse(words[1:])
    else:
        assert words[0] in SUMMARIES


@pytest.mark.parametrize("block", _blocks(r'sh(?: title="[^"]+")?'))
def test_every_command_on_a_page_is_one(block: str) -> None:
    for words in _commands(block):
        _parse(words)


def test_a_wrong_option_on_a_page_would_be_found() -> None:
    (words,) = _commands("eocanvas-apply apply --no-such-option   # a comment\n")
    with pytest.raises(UsageError):
        _parse(words)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/extract.xml").write_text(EXTRACT, encoding="utf-8")
    (tmp_path / "graphs/subset.xml").write_bytes((TEMPLATES / "subset.xml").read_bytes())
    return tmp_path


FIRST = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0]


def test_the_page_has_every_event_and_value_of_a_notification() -> None:
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    assert [name for name in (*RUN_FIELDS, *get_args(RunEvent)) if f"`{name}`" not in page] == []


def _read(text: str) -> dict[str, Any]:
    """Read YAML as the program does: PyYAML takes `on` for true."""
    data = YamlText.parse(text.encode(), "page").data
    assert isinstance(data, dict)
    return data


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("block", _blocks("yaml"))
def test_every_manifest_is_valid_and_can_be_applied(
    block: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part of a manifest stands in the place of the same part of the README's first one."""
    first, part = _read(FIRST), _read(block)
    whole = {**first, **part, "keys": {**first["keys"], **part.get("keys", {})}}
    text = block if "version" in part else json.dumps(whole)
    (folder / "eocanvas.yaml").write_text(text, encoding="utf-8")
    assert open_project(folder / "eocanvas.yaml").diagnostics == ()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SCENES_SECRET_FILE", "secret")
    assert main(["apply", "--yes"]) == 0, capsys.readouterr()


def test_the_failing_example_shows_what_the_program_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    manifest = tmp_path / "eocanvas.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("aoi:", "aio:"), encoding="utf-8")
    capsys.readouterr()
    assert main(["validate"]) == 1
    shown = re.search(r"`validate` says:\n\n```text\n(.*?)```", README, re.DOTALL)
    assert shown
    assert capsys.readouterr().err == shown[1]


@pytest.mark.parametrize("field", sorted(each.alias or name for name, each in Step.model_fields.items()))
def test_every_source_of_rows_and_every_option_of_a_step_is_explained(field: str) -> None:
    assert re.search(rf"^\| `{field}: ", (ROOT / "docs/campaigns.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("failure", get_args(FailureClass))
def test_every_class_of_failure_is_explained(failure: FailureClass) -> None:
    assert re.search(rf"^\| .*`{failure}`", (ROOT / "docs/status.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_on_its_page(code: Exit) -> None:
    assert f"| {int(code)} | " in generate.pages()["exit-codes.md"]


def test_every_variable_that_the_program_reads_is_among_the_settings() -> None:
    sources = [path for path in (ROOT / "eocanvas_apply").rglob("*.py") if "emulator" not in path.parts]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r'"((?:EOCANVAS|SOPS)_[A-Z_]+)"', text))
    assert {"EOCANVAS_URL", "EOCANVAS_APPLY_PEPPER", "SOPS_AGE_KEY_FILE"} <= read
    assert [name for name in sorted(read) if name not in str(SETTINGS)] == []


@pytest.mark.parametrize("kind", DriftKind)
def test_every_kind_of_drift_is_documented(kind: DriftKind) -> None:
    page = (ROOT / "docs/drift.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| .*`{kind}`.* \| {'yes' if DRIFT[kind].moved else 'no'} \|$", page, re.MULTILINE)


def test_every_safety_option_is_explained() -> None:
    options = {option for option in generate.parser_of("apply")._option_string_actions if option.startswith("--allow")}
    documented = re.findall(r"`(--allow-[\w-]+)` \|", (ROOT / "docs/safety.md").read_text(encoding="utf-8"))
    assert set(documented) == options


def test_the_limits_of_the_safety_rules_are_those_of_the_code() -> None:
    page = (ROOT / "docs/safety.md").read_text(encoding="utf-8")
    deleted, forgotten = f"{safety.DELETED_PERCENT} % of the recorded keys", f"{safety.FORGOTTEN_PERCENT} % of the"
    limits = {
        Allowance.DELETES: f"more than {safety.DELETES} and more than {deleted}",
        Allowance.RELAUNCHES: f"more than {safety.RELAUNCHES}",
        Allowance.FORGETS: f"more than {safety.FORGETS} and more than {forgotten} recorded jobs",
    }
    for flag, limit in limits.items():
        assert f"| {limit} | `--{flag}` | `too-many-{flag.removeprefix('allow-')}` |" in page
        assert limit in ALLOWANCES[flag]
    rows = re.findall(r"^\| .* \| (?:`(--[\w-]+)`|none) \| `([\w-]+)` \|$", page, re.MULTILINE)
    assert {code for _, code in rows} <= codes().keys()
    assert {f"--{flag}" for flag in ALLOWANCES} < {option for option, _ in rows}


@pytest.fixture(name="account")
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An emulator and an account in the environment, as the README sets them."""
    with running(Options(job_time=0.2)) as emulator:
        user = emulator.options.users[0]
        settings = {"EOCANVAS_URL": emulator.url, "EOCANVAS_APPLY_POLL": "50ms"}
        account = {"HDA_USER": user.name, "HDA_PASSWORD": user.password}
        for variable in ("EOCANVAS_APPLY_LEDGER", "EOCANVAS_TOKEN_URL", "HDA_URL", "CI"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in {**settings, **account, "SCENES_ACCESS_KEY": "a", "SCENES_SECRET_KEY": "b"}.items():
            monkeypatch.setenv(variable, value)
        yield


@pytest.mark.usefixtures("account")
def test_the_first_steps_of_the_readme_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "eocanvas.yaml").write_text(FIRST, encoding="utf-8")
    monkeypatch.chdir(folder)
    steps = next(block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "apply validate" in block)
    for words in _commands(steps):
        assert main([*words, "--yes"] if words == ["apply"] else words) == 0, words
    assert capsys.readouterr().out.endswith("Nothing to do: 2 addresses up to date.\n")
    assert len(list((folder / "results/subset").glob("*.nc"))) == 1


CAMPAIGN = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[1]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_first_python_example_works(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = yaml.safe_load(FIRST) | yaml.safe_load(CAMPAIGN)
    (folder / "eocanvas.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(folder)
    example = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(example, names)  # it stands in the repository
    assert names["run"].exit_code == 0
    folders = [Path(f"results/tiles/T32-{day}") for day in ("2024-07-05", "2024-07-06")]
    assert sorted(row["path"].parent for row in names["files"]) == folders


@pytest.mark.parametrize("block", _blocks("python"))
def test_every_python_example_is_python(block: str) -> None:
    if not block.startswith(("eoc.", ".", "await .")):
        compile(block, "<page>", "exec")

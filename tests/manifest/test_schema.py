from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.manifest.editor_schema import editor_schema
from eocanvas_apply.manifest.loading import load

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(editor_schema())
WHOLE = """
version: 1
project: baltic
x-mine: 3
keys:
  scenes: {type: s3, bucket: b, region: r, endpoint: e, access_key: {env: A}, secret_key: {file: {env: B}}}
  drive: {type: wekeo-drive, username: jane, password: {command: [pass, show]}, expires_in: 1h30m}
  other: {type: webdav, endpoint: e, username: jane, password: {keyring: [a, b]}}
  third: {type: webdav, endpoint: e, username: jane, password: {sops: f, at: a.b}}
  public: {type: s3-public, bucket: b, region: r, endpoint: e}
  anns: {type: existing, name: n, storage: s3}
jobs:
  subset:
    graph: g.xml
    params: {aoi: x}
    for_each:
      - {list: [a, {b: 1}], id: "${each.b}", max: 5}
      - {map: {a: {b: 1}}, as: dem, expect: ">=1"}
      - {csv: a.csv, by: tile}
      - {csv: {file: a.csv, delimiter: ";"}, by: [a, b], pick: latest}
      - {json: {file: a.json, path: b}, pick: {smallest: clouds}}
      - {geojson: a.json, expect: 3}
      - {days: {from: today, to: now-3d, every: 7d}}
      - {hda: {dataset_id: d, bbox: [1, 2, 3, 4]}}
      - {s3: {key: scenes, prefix: a/, match: "*"}}
      - {job: cube}
    inputs:
      a: {key: "${each.key}", path: /x, uncompress: "${each.packed}"}
      b: {product: p, dataset_id: d}
      c: {url: u, id: i}
      d: {result: j, match: "*"}
    output: {key: drive}
    max_duration: 2h
    retries: {killed: 1}
    on_change: keep
    on_doubt: launch
    canary: 1
    stop_after: "20%"
    skip: {a: why}
    points: {csv: p}
    accept_terms: [t]
    mark: false
    checks: {some-code: info}
  cube: {for_each: {list: [a]}, chain: {file: c.yaml, roi: {}}, retries: 1, stop_after: 3, output: {download: d}}
  demo: {process: shearwater-demo, inputs: {area: Sindian}}
quota: [{jobs: 10, per: 1h}]
max_running: 3
timing: {poll: 30s, settle: 15m, send_within: 30s, request_timeout: 30s}
vars: {a: 1}
defaults: {keys: {type: s3, expires_in: 1d, secret_key: {env: A}}, jobs: {process: p, inputs: {}, canary: 1}}
environments: {prod: {x-mine: 1, account: joe, keys: {scenes: {bucket: b}}, jobs: {cube: {retries: 2}}, vars: {a: b}}}
account: jane
checks: {some-code: warning}
ledger: {url: "s3://ledgers/coast"}
protect: ["key.*"]
moved: [{from: a, to: b}]
notify: [{url: "https://u.example.test", "on": [failed], headers: {X-A: b, Token: {env: T}}, body: {}}]
"""


def test_every_field_of_the_format_is_in_the_schema() -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(WHOLE))] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("project: baltic", "project: Baltic"),
        ("x-mine", "mine"),
        ("type: existing", "type: exists"),
        ("access_key: {env: A}", "access_key: A"),
        ("expires_in: 1h30m", "expires_in: 90"),
        ("on_doubt: launch", "on_doubt: maybe"),
        ("graph: g.xml", "grap: g.xml"),
        ("some-code: info", "some-code: fatal"),
        ("csv: a.csv,", "cvs: a.csv,"),
        ("expect: 3", "expect: many"),
        ("pick: latest", "pick: best"),
        ("{days: {from", "{days: {form"),
        ("for_each: {list: [a]}", "for_each: []"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(before: str, after: str) -> None:
    assert before in WHOLE
    assert not VALIDATOR.is_valid(yaml.safe_load(WHOLE.replace(before, after)))


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, model in {"Manifest": schema, **schema["$defs"]}.items():
        yield from ((f"{name}.{field}", facts) for field, facts in model.get("properties", {}).items())


def test_every_field_has_a_description_of_one_line() -> None:
    found = dict(fields(editor_schema()))
    assert len(found) > 80
    silent = [name for name, facts in found.items() if not facts.get("description")]
    assert silent == []
    assert [name for name, facts in found.items() if "\n" in facts["description"]] == []


JOB = "a: {graph: g.xml, WRONG}"
KEY = "k: {type: s3, bucket: b, region: r, endpoint: e, access_key: {env: A}, secret_key: {env: B}, WRONG}"


@pytest.mark.parametrize(
    ("keys", "jobs", "path", "message"),
    [
        ("k: {type: S3}", "", "keys/k/type", "'S3' is not one of ['s3', 's3-public',"),
        ("k: {bucket: b}", "", "keys/k", "'type' is a required property"),
        ("k: {type: s3-public, bucket: b, region: r}", "", "keys/k", "'endpoint' is a required property"),
        ("k: text", "", "keys/k", "'text' is not of type 'object'"),
        (KEY.replace("WRONG", "bukket: b"), "", "keys/k", "('bukket' was unexpected)"),
        (
            KEY.replace("{env: B}, WRONG", "{file: 3}"),
            "",
            "keys/k/secret_key/file",
            "3 is not of type 'string', 'object'",
        ),
        (KEY.replace("{env: B}, WRONG", "text"), "", "keys/k/secret_key", "'text' is not of type 'object'"),
        ("", "a: {output: {download: d}}", "jobs/a", "'process' is a required property"),
        ("", JOB.replace("WRONG", "process: snap-funtion"), "jobs/a/process", "'snap-function' was expected"),
        ("", JOB.replace("WRONG", "parms: {}"), "jobs/a", "('parms' was unexpected)"),
        ("", JOB.replace("WRONG", "params: {a: [1]}"), "jobs/a/params/a", "[1] is not of type 'string',"),
        ("", JOB.replace("WRONG", "max_duration: 2"), "jobs/a/max_duration", "2 is not of type 'string'"),
        ("", JOB.replace("WRONG", "canary: 0"), "jobs/a/canary", "0 is less than the minimum of 1"),
        ("", JOB.replace("WRONG", "stop_after: some"), "jobs/a/stop_after", "'some' does not match"),
        ("", JOB.replace("WRONG", "retries: {graph: x}"), "jobs/a/retries/graph", "'x' is not of type 'integer'"),
        ("", JOB.replace("WRONG", "output: {download: 3}"), "jobs/a/output/download", "3 is not of type 'string'"),
        ("", JOB.replace("WRONG", "output: text"), "jobs/a/output", "'text' is not of type 'object', 'null'"),
        ("", JOB.replace("WRONG", "inputs: {i: {url: 3}}"), "jobs/a/inputs/i/url", "3 is not of type 'string'"),
        ("", JOB.replace("WRONG", "inputs: {i: {key: eodata}}"), "jobs/a/inputs/i", "'path' is a required property"),
        (
            "",
            JOB.replace("WRONG", 'inputs: {i: {url: u, uncompress: "yes"}}'),
            "jobs/a/inputs/i/uncompress",
            "'yes' does not match",
        ),
        (
            "",
            JOB.replace("WRONG", "for_each: [{csv: 3}]"),
            "jobs/a/for_each/0/csv",
            "3 is not of type 'string', 'object'",
        ),
        ("", JOB.replace("WRONG", "for_each: {csv: {fil: a}}"), "jobs/a/for_each/csv", "'file' is a required property"),
        ("", JOB.replace("WRONG", "for_each: {s3: {key: 3}}"), "jobs/a/for_each/s3/key", "3 is not of type 'string'"),
        ("", "a: {chain: 3}", "jobs/a/chain", "3 is not of type 'string', 'object'"),
        ("", "a: {process: p, inputs: 3}", "jobs/a/inputs", "3 is not of type 'object'"),
    ],
)
def test_a_fault_is_reported_at_its_own_field(keys: str, jobs: str, path: str, message: str) -> None:
    text = f"{{version: 1, project: p, keys: {{{keys}}}, jobs: {{{jobs}}}}}"
    found = [
        ("/".join(map(str, each.absolute_path)), each.message) for each in VALIDATOR.iter_errors(yaml.safe_load(text))
    ]
    assert [at for at, _ in found if at == path]
    assert [said for at, said in found if at == path and message in said], found
    assert all(at == path for at, _ in found), found
    assert any(each.severity == "error" for each in load(text, "f").diagnostics)


MANIFESTS = sorted([*ROOT.glob("examples/**/eocanvas.yaml"), *ROOT.glob("tests/golden/*/manifest.yaml")])


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.parent.name)
def test_manifests_that_are_read_fit_the_schema(file: Path) -> None:
    loaded = load(file.read_bytes(), file.name)
    assert not has_errors(loaded.diagnostics)
    assert [error.message for error in VALIDATOR.iter_errors(loaded.text.data)] == []


def test_defaults_are_written_as_a_manifest_writes_them() -> None:
    defaults = {facts.get("default") for _, facts in fields(editor_schema()) if "1h30m" in facts.get("examples", ())}
    assert defaults == {None, "1d", "2h", "7d", "15m", "30s"}

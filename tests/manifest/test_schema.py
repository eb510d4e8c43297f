from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from eocanvas_apply.manifest.model.manifest import json_schema

VALIDATOR = Draft202012Validator(json_schema())
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
environments: {prod: {}}
account: jane
checks: {some-code: warning}
ledger: {url: u}
protect: ["key.*"]
moved: [{from: a, to: b}]
notify: [{url: u, "on": [failed], body: {}}]
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
    found = dict(fields(json_schema()))
    assert len(found) > 80
    silent = [name for name, facts in found.items() if not facts.get("description")]
    assert silent == []
    assert [name for name, facts in found.items() if "\n" in facts["description"]] == []

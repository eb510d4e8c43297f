"""Any value in the place of any field: the messages name what stands in the text, never what a library calls it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.manifest.loading import load
from eocanvas_apply.manifest.model.manifest import Manifest

# A job may name a key that is left out here, and some fields do nothing yet.
_OF_OTHERS = {"unknown-key", "unknown-job"}
KEY = {"type": "s3", "bucket": "b", "region": "r", "endpoint": "https://e.test", "access_key": {"env": "A"}}
WHOLE: dict[str, Any] = {
    "version": 1,
    "project": "p",
    "keys": {
        "a": {**KEY, "secret_key": {"file": {"env": "B"}}, "expires_in": "7d", "shared": True, "name": "n"},
        "b": {"type": "wekeo-drive", "username": "u", "password": {"command": ["c"]}, "keep": True},
        "c": {"type": "existing", "name": "n2", "storage": "s3"},
        "d": {"type": "s3-public", "bucket": "b", "region": "r", "endpoint": "https://e.test"},
        "e": {"type": "webdav", "endpoint": "https://e.test", "username": "u", "password": {"sops": "f", "at": "a.b"}},
    },
    "jobs": {
        "graph": {
            "process": "snap-function",
            "graph": "g.xml",
            "params": {"x": 1},
            "inputs": {
                "i": {"key": "a", "path": "/p", "uncompress": True, "sub_path": "s"},
                "j": {"product": "p", "dataset_id": "d"},
                "k": {"url": "https://e.test/f", "id": "i"},
                "l": {"result": "raw", "match": "*"},
            },
            "output": {"key": "b"},
            "retries": {"key": 1},
            "skip": "why",
            "points": [[1, 2]],
            "checks": {"bad-wkt": "error"},
            "max_duration": "2h",
            "on_change": "keep",
            "on_doubt": "ask",
        },
        "chain": {
            "chain": {"file": "c.yaml", "roi": {"id": "x", "NSWE": [4, 3, 1, 2]}},
            "for_each": [
                {"list": [1, {"a": 1}], "id": "${each.value}", "as": "x"},
                {"csv": {"file": "c.csv", "delimiter": ";"}, "by": ["a"], "expect": ">=1", "pick": {"latest": "a"}},
                {"json": {"file": "j.json", "path": "a"}, "by": "a", "expect": 3, "pick": "first", "max": 3},
                {"map": {"a": {"b": 1}}},
                {"days": {"from": "2024-07-01", "to": "today"}},
                {"hda": {"dataset_id": "d"}},
                {"s3": {"key": "a", "prefix": "p", "match": "*"}},
                {"geojson": "g.json"},
                {"job": "other"},
            ],
            "output": {"download": "r"},
            "retries": 1,
            "skip": {"a": "why"},
            "canary": 1,
            "stop_after": "20%",
            "accept_terms": ["l"],
            "mark": True,
        },
        "other": {"process": "shearwater-demo", "for_each": {"list": [1]}, "stop_after": 2},
        "raw": {"process": "shearwater-demo", "inputs": {"area": "Sindian"}},
    },
    "quota": [{"jobs": 10, "per": "1h"}],
    "timing": {"poll": "30s", "settle": "15m"},
    "vars": {"V": "v"},
    "defaults": {"keys": {"expires_in": "1d"}, "jobs": {"max_duration": "1h"}},
    "environments": {"test": {"vars": {"V": "w"}}},
    "checks": {"bad-wkt": "error"},
    "ledger": {"url": "s3://x/y"},
    "protect": ["key.a"],
    "moved": [{"from": "job.x", "to": "job.raw"}],
    "notify": [{"url": "https://e.test", "on": ["failed"], "body": "b"}],
    "max_running": 3,
    "account": "u",
}
# Names that pydantic gives to the members of a union.
MEMBERS = ("str", "int", "float", "bool", "constrained-str")
NAN = float("nan")
ODD: tuple[Any, ...] = (
    *(None, True, -1, 1.5, 10**30, NAN, float("inf"), "", "text", "9" * 600),
    *([], [None], [[NAN]], {}, {"a": {"b": NAN}}),
)
# What it calls a member of a union, a type or a step of its own.
_INTERNAL = re.compile(
    r"\w\[\w+[\],]|<[a-z0-9-]+>|\[key\]|constrained|function-|nullable|lax-or|pydantic|Input should|"
    r"valid (string|dict)|`[^`]*\.(?:str|int|float|bool|dict|tuple|literal|is-instance)`"
)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a value below a value."""
    for name, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, name)
        yield from places(value, (*path, name))


def changed(path: tuple[Any, ...], value: Any) -> str:
    """The manifest with another value at a place, without the keys and jobs that stand beside it."""
    block, *rest = path
    alone = {rest[0]: WHOLE[block][rest[0]]} if block in ("keys", "jobs") and rest else WHOLE[block]
    data = copy.deepcopy({"version": 1, "project": "p", block: alone})
    owner: Any = data
    for part in path[:-1]:
        owner = owner[part]
    owner[path[-1]] = value
    return json.dumps(data).replace("NaN", ".nan").replace("Infinity", ".inf")


def structure_errors(text: str) -> list[Diagnostic]:
    """The errors but those about what stands beside a place."""
    found = load(text, "f").diagnostics
    return [each for each in found if each.severity is Severity.ERROR and each.code not in _OF_OTHERS]


def test_the_whole_format_is_in_the_manifest_that_is_changed() -> None:
    assert structure_errors(json.dumps(WHOLE)) == []
    fields = {field.alias or name for name, field in Manifest.model_fields.items()}
    assert fields == WHOLE.keys()


@pytest.mark.parametrize("block", list(WHOLE))
def test_no_message_names_a_type_of_the_program(block: str) -> None:
    for path in ((block,), *places(WHOLE[block], (block,))):
        for value in ODD:
            said = [f"{each.message} {each.hint}" for each in load(changed(path, value), "f").diagnostics]
            assert not [each for each in said if _INTERNAL.search(each)], (path, value)


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("path", [("vars", "V"), ("jobs", "graph", "params", "x")])
def test_a_mapping_in_place_of_a_scalar_is_one_fault(path: tuple[str, ...], member: str) -> None:
    wanted = f"`{'.'.join(path)}` must be text, a number, true or false"
    assert [each.message for each in structure_errors(changed(path, {member: 1}))] == [wanted]


def test_a_number_that_is_none_in_a_chain_is_one_fault_where_it_stands() -> None:
    (found,) = structure_errors(changed(("jobs", "chain", "chain", "product"), NAN))
    assert (found.code, found.message.split(":")[0]) == ("bad-value", "`jobs.chain.chain.product`")


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ({"command": "pass show x"}, "write {command: [PROGRAM, ARGUMENT, ...]}"),
        ({"command": []}, "write {command: [PROGRAM, ARGUMENT, ...]}"),
        ({"keyring": "wekeo"}, "write {keyring: [SERVICE, USER]}"),
        ({"keyring": ["wekeo"]}, "write {keyring: [SERVICE, USER]}"),
        ({"keyring": ["wekeo", "jane", "x"]}, "write {keyring: [SERVICE, USER]}"),
        ({"sops": "s.yaml"}, "write {sops: FILE, at: a.b}"),
        ({"sops": "s.yaml", "at": ["a"]}, "write {sops: FILE, at: a.b}"),
        ({"file": ["a"]}, "write {file: PATH}, or {file: {env: NAME}}"),
        ({"env": ""}, "write {env: NAME}"),
    ],
)
def test_a_reference_to_a_secret_of_the_wrong_form_says_how_it_is_written(reference: Any, hint: str) -> None:
    key = {**KEY, "secret_key": reference}
    found = load(json.dumps({"version": 1, "project": "p", "keys": {"a": key}}), "m.yaml").diagnostics
    assert [each.hint for each in found] == [hint]
    assert "keyring` is missing" not in found[0].message

"""Mutations that keep a text well-formed: a seeded random changes its values, elements or cells."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Literal
from xml.etree import ElementTree as ET

import yaml

Change = Callable[[bytes, random.Random], bytes]

# What a spreadsheet, a script or a slip of the hand puts where something else belongs.
ODD: Sequence[Any] = (
    *(None, True, False, 0, -1, 1, 1.5, 1e300, 10**200, -(10**20), 2**63, float("inf"), float("nan"), 0.1 + 0.2),
    *("", " ", "a", "A", "ü", "\x1b[31m", "\0", "a\nb", "x" * 300, "-", "null", "no", "007", "1e5", "12:30", "1,5"),
    *("${each.id}", "${each.}", "${each.a.b}", "${var.x}", "${", "$${each.id}", "$output", "${each.id}${each.x}"),
    *("2024-07-01", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "9999-12-31", "0001-01-01", "now-3d"),
    *(
        "tomorrow+99999d",
        "99w",
        "1h",
        "0s",
        "40000w",
        ">=1",
        "0..9",
        "a/b",
        "../x",
        "/",
        "C:\\a",
        "con",
        "s3",
        "eodata",
    ),
    *("https://a:b@c/d", "http://[", "s3://b/k", "POLYGON((0 0, 1 1))", "POLYGON EMPTY", "*", "[", "(?:a"),
    *([], {}, [[]], [None], {"a": None}, {"env": "A"}, {"file": "x"}, [1, 2, 3, 4], [[[[0, 0], [1, 1]]]], {"id": "a"}),
)


def changed_data(data: Any, rng: random.Random) -> Any:
    """Return data with one value, name or item changed."""
    places = list(_places(data, ()))
    owner = data
    path = rng.choice(places) if places else ()
    if not path:
        return _odd(rng)
    for part in path[:-1]:
        owner = owner[part]
    _change(owner, path[-1], data, rng)
    return data


def _places(data: Any, path: tuple[Any, ...]) -> Any:
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in parts:
        yield (*path, name)
        yield from _places(value, (*path, name))


def _change(owner: Any, name: Any, data: Any, rng: random.Random) -> None:
    way = rng.randrange(8)
    if way == 0:
        del owner[name]
    elif way == 1 and isinstance(owner, dict):
        owner[rng.choice([str(each) for each in ODD if not isinstance(each, list | dict)])] = owner.pop(name)
    elif way == 2 and isinstance(owner, list):
        owner.insert(rng.randint(0, len(owner)), owner[name])
    elif way == 3:
        owner[name] = rng.choice(([owner[name]], {"a": owner[name]}, str(owner[name])))
    elif way == 4:
        other = data
        for part in rng.choice(list(_places(data, ()))):
            other = other[part]
        # A copy, so that nothing holds itself.
        owner[name] = json.loads(json.dumps(other))
    else:
        owner[name] = _odd(rng)


def _odd(rng: random.Random) -> Any:
    # A copy, because the next mutation may change it.
    return copy.deepcopy(rng.choice(ODD))


def changed_yaml(text: bytes, rng: random.Random) -> bytes:
    """Return a YAML text with changed values, as blocks or as JSON."""
    try:
        data = yaml.load(text, Loader=yaml.CBaseLoader if rng.random() < 0.5 else yaml.CSafeLoader)
        data = _several(json.loads(json.dumps(data, default=str)), rng)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return text
    if rng.random() < 0.5:
        return json.dumps(data, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    return bytes(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, encoding="utf-8", allow_unicode=True))


def changed_json(text: bytes, rng: random.Random) -> bytes:
    """Return a JSON text with changed values."""
    try:
        data = _several(json.loads(text), rng)
    except (ValueError, RecursionError):
        return text
    return json.dumps(data, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _several(data: Any, rng: random.Random) -> Any:
    for _ in range(rng.randint(1, 3)):
        data = changed_data(data, rng)
    return data


def changed_xml(text: bytes, rng: random.Random) -> bytes:
    """Return an XML text with changed elements."""
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError, LookupError):
        return text
    for _ in range(rng.randint(1, 3)):
        _change_element(rng.choice(list(root.iter())), list(root.iter()), rng)
    return bytes(ET.tostring(root, encoding=rng.choice(("utf-8", "us-ascii", "utf-16"))))


def _change_element(element: ET.Element, others: list[ET.Element], rng: random.Random) -> None:
    way = rng.randrange(7)
    word = "".join(c for c in str(rng.choice(ODD)) if c >= " " or c in "\n\t")
    if way == 0 and len(element):
        element.remove(rng.choice(list(element)))
    elif way == 1:
        # A copy, so that no element holds itself.
        element.append(ET.fromstring(ET.tostring(rng.choice(others))))
    elif way == 2:
        element.tag = rng.choice(others).tag
    elif way == 3:
        element.text = rng.choice(others).text
    elif way == 4:
        element.set(rng.choice(("id", "refid", "a")), rng.choice((word, "Read", "Write", "")))
    elif way == 5:
        element.attrib.clear()
    else:
        element.text = word


_QUOTING: tuple[Literal[0, 1], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)


def changed_csv(text: bytes, rng: random.Random) -> bytes:
    """Return a table with changed cells, in another dialect of CSV."""
    try:
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    except (csv.Error, UnicodeDecodeError):
        return text
    rows = [row for row in rows if row] or [["id"]]
    for _ in range(rng.randint(1, 3)):
        row = rng.choice(rows)
        way = rng.randrange(6)
        if way == 0:
            rows.insert(rng.randint(0, len(rows)), list(row))
        elif way == 1:
            row.append(str(rng.choice(ODD)))
        elif way == 2 and len(row) > 1:
            row.pop(rng.randrange(len(row)))
        else:
            row[rng.randrange(len(row))] = str(rng.choice(ODD))
    written = io.StringIO()
    ends = rng.choice(("\n", "\r\n", "\r"))
    csv.writer(written, delimiter=rng.choice(",;\t"), quoting=rng.choice(_QUOTING), lineterminator=ends).writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")

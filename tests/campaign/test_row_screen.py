"""Rows that are cleared in columns have the same faults as rows that are looked at one by one."""

from __future__ import annotations

import pytest

from eocanvas_apply.campaign.row_screen import RowScreen
from eocanvas_apply.manifest.model.jobs import INPUT_TYPES, SnapJob, TailorJob
from tests.campaign.campaign import Campaign

_ROWS = 2500
_AT_FAULT = {
    7: {"path": "no-slash.zip", "sub": "MTD_x.xml"},
    8: {"path": "https://h/x"},
    1300: {"path": "/eodata/x.zip", "sub": "xfdumanifest.xml", "url": "https://jane:hush@h/x"},
    1301: {"path": "3,5", "url": "s3://bucket/x"},
    1302: {"path": "", "url": "https://h/x?sig=1"},
    2000: {"sub": ""},
    2499: {"path": "/x.zip ", "url": "POINT(500 3)"},
}
_JOBS = """
one:
  graph: g.xml
  inputs: {i: {key: eodata, path: "${each.path}", uncompress: true}}
  for_each: {csv: rows.csv, max: 3000}
several:
  graph: g.xml
  inputs: {i: {key: eodata, path: "${each.path}", sub_path: "in/${each.sub}"}, web: {url: "${each.url}"}}
  for_each: {csv: rows.csv, max: 3000}
"""


def _table() -> str:
    rows = ({"path": f"/{n}.zip", "sub": "x", "url": f"https://h/{n}", **_AT_FAULT.get(n, {})} for n in range(_ROWS))
    return "id,path,sub,url\n" + "".join(f'r{n},"{r["path"]}",{r["sub"]},{r["url"]}\n' for n, r in enumerate(rows))


def test_the_screen_passes_over_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = Campaign(_JOBS, {"rows.csv": _table()})
    found = campaign.expanded().diagnostics
    monkeypatch.setattr(RowScreen, "of", lambda *_: None)
    assert found == campaign.expanded().diagnostics
    assert len(found) > 10


@pytest.mark.parametrize("model", [*INPUT_TYPES.values(), SnapJob, TailorJob])
def test_each_field_of_an_input_is_valid_by_itself(model: type) -> None:
    """Columns are judged by the types of their fields: a rule over several fields would be passed over."""
    rules = model.__pydantic_decorators__  # type: ignore[attr-defined]
    assert not any((rules.validators, rules.field_validators, rules.root_validators, rules.model_validators))

"""Results as a table of pandas, which is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.documents.numbers import WrittenFloat, WrittenInt
from eocanvas_apply.planning.state.stored import column_names

if TYPE_CHECKING:
    import pandas as pd

Values = Mapping[str, object]
_FIRST = ("address", "instance")
_REST = ("job_id", "created", "finished", "state", "file", "path", "size", "sha256", "location", "remarks")


def data_frame(rows: Sequence[tuple[Values, Values]]) -> pd.DataFrame:
    """Return a line for each result, which is given with the fields of its job's row: these are `each.<name>`.

    Raises ModuleNotFoundError where pandas is not installed.
    """
    import pandas as pd

    names = column_names((str(result["instance"] or ""), fields) for result, fields in rows)
    own = {f"each.{name}": [_plain(fields.get(name)) for _, fields in rows] for name in names}
    found = {name: [result[name] for result, _ in rows] for name in (*_FIRST, *_REST)}
    frame = pd.DataFrame({**{name: found[name] for name in _FIRST}, **own, **{name: found[name] for name in _REST}})
    frame["size"] = frame["size"].astype("Int64")
    for name in ("created", "finished"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _plain(value: object) -> object:
    """Return a number without how it was written: pandas would make texts of a column of them."""
    if isinstance(value, WrittenInt):
        return int(value)
    return float(value) if isinstance(value, WrittenFloat) else value

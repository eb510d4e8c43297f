"""What campaigns come to: their instances. A manifest without campaigns needs nothing else of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from eocanvas_apply.campaign.lock import LockedQuery
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.manifest.instances import Instance


class Expansion(Struct, frozen=True):
    """The instances of every campaign, by the job's name.

    A campaign with an error has none. `unknown` are those whose rows could not be read; `relative` those whose
    rows depend on the day of the run. `files` are the SHA-256 (hex) of the files read, by path as the manifest writes
    it; `searches` the queries without relative times, locked or made now, in their order.
    """

    instances: Mapping[str, tuple[Instance, ...]]
    relative: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)
    searches: tuple[LockedQuery, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

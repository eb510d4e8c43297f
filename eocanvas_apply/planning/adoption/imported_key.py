"""A key of the service that an address takes over: what its record says, and how it differs from the manifest.

The service shows neither the configuration nor the secrets of a key. They are recorded as the manifest has them, so
that a later change of the manifest replaces the key, and nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.key_records import Generation, KeyRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.keys.comparison import config_changes
from eocanvas_apply.planning.keys.ownership import Owners, is_named
from eocanvas_apply.planning.state.observed import Observed, ObservedKey

# Created and ended are rounded each by itself.
_ROUNDING_S = 60
_TAG = re.compile(r"eocanvas-apply (\S+) (key\.\S+) [0-9a-f]{32}")


class SeenKey(Struct, frozen=True):
    """A key as the service shows it; `granted_s` is the life that it was given, None where that is not shown."""

    shown: ObservedKey
    granted_s: int | None = None


def key_adoption(
    project: str,
    key: DesiredKey,
    seen: SeenKey,
    recorded: Recorded,
    observed: Observed,
    *,
    fingerprints: Mapping[str, str],
    intent: str,
) -> Adoption:
    """Return how a key becomes the next generation of an address; `fingerprints` are of its secrets, by field."""
    shown = seen.shown
    record = recorded.keys.get(key.address, KeyRecord(key.address))
    generation = Generation(record.latest.number + 1 if record.latest else 1, shown.name, adopted=True)
    about: dict[str, Any] = {"address": key.address, "generation": generation.number, "name": generation.name}
    about["intent"] = intent
    generation.intended = _intended(key, seen, about, fingerprints, observed.at)
    created = e.KeyCreated(
        **about,
        created=shown.created,
        expires=shown.expires,
        end_known=shown.end_known,
        owner=shown.owner if is_named(shown.owner, observed.account) else None,
    )
    adopted = e.Adopted(**about, reason="imported")
    return Adoption(
        key.address,
        shown.name,
        (generation.intended, created, adopted),
        config_changes(key, generation),
        (_unshown(key),),
        tuple(_cautions(project, key, shown, Owners.of(observed, recorded))),
    )


def _intended(
    key: DesiredKey, seen: SeenKey, about: Mapping[str, Any], fingerprints: Mapping[str, str], at: datetime
) -> e.KeyIntended:
    shown, granted = seen.shown, seen.granted_s
    differs = granted is not None and granted > 0 and abs(granted - key.expire_s) > _ROUNDING_S
    return e.KeyIntended(
        **about,
        storage=key.storage,
        config=dict(key.config),
        secrets=dict(fingerprints),
        public=key.public if shown.public is None else shown.public,
        description=key.description,
        expire_s=granted if granted and differs else key.expire_s,
        fixed=key.fixed_name is not None,
        send_before=at,
    )


def _unshown(key: DesiredKey) -> str:
    fields = ", ".join([*key.config, *key.secrets])
    return f"the service never shows what a key holds: {fields} are taken from the manifest"


def _cautions(project: str, key: DesiredKey, shown: ObservedKey, owners: Owners) -> Iterator[str]:
    if owners.differ(shown):
        yield f"the service shows its owner as {shown.owner!r}, the account is {owners.account!r}"
    for of_project, address in _TAG.findall(shown.description):
        if (of_project, address) != (project, key.address):
            yield f"its description says that eocanvas-apply created it as {address} of the project {of_project}"

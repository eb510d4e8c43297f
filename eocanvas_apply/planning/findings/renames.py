"""What looks like a new name: something on record that the manifest has no more, and something new that is the same.

Nothing follows from it but the lines for `moved:` that a plan proposes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.events import Moved
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.keys.comparison import config_changes
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.planning.state.runs import counted_definition

Pairs = Mapping[str, str]
# Campaigns are renamed as wholes; so many single instances are looked at.
_MOST = 1_000


def proposed_moves(desired: Desired, recorded: Recorded) -> Iterator[Diagnostic]:
    """Yield the line for `moved:` of each key, campaign and job that seems to have a new name, keys first."""
    keys = _renamed_keys(desired, recorded)
    jobs = _renamed_jobs(desired, _with(recorded, keys))
    for old, new in (*keys.items(), *_as_campaigns(jobs, recorded).items()):
        what = f"{new} is what {old} was: it seems to have a new name"
        hint = f"to keep what is on record, write under `moved:`\n- {{from: {_quoted(old)}, to: {_quoted(new)}}}"
        yield warning("looks-renamed", what, hint, address=new)


def _renamed_keys(desired: Desired, recorded: Recorded) -> Pairs:
    new = [key for key in desired.keys.values() if not key.existing and not _lives(key.address, recorded)]
    gone = [address for address in recorded.keys if address not in desired.keys and _lives(address, recorded)]
    return _only((old, key.address) for old in gone for key in new if _same_key(key, old, recorded))


def _lives(address: str, recorded: Recorded) -> bool:
    record = recorded.keys.get(address)
    return record is not None and record.current is not None


def _same_key(key: DesiredKey, old: str, recorded: Recorded) -> bool:
    """Tell whether a key is what another one was; a secret that differs is sealed anew after the move, as always."""
    current = recorded.keys[old].current
    intended = current.intended if current else None
    return bool(current and intended and intended.storage == key.storage and not config_changes(key, current))


def _renamed_jobs(desired: Desired, recorded: Recorded) -> Pairs:
    """Return new names of jobs; one that is given the results of another one may be seen once that is known."""
    found: dict[str, str] = {}
    while more := _alike(as_launched(desired, recorded), recorded):
        found |= more
        recorded = _with(recorded, more)
    return found


def _alike(desired: Desired, recorded: Recorded) -> Pairs:
    known = {record.address for record in recorded.jobs.values() if not record.forgotten}
    gone = [address for address in known - desired.jobs.keys() if Address.parse(address).name not in desired.unasked]
    new = defaultdict(list)
    for address in desired.jobs.keys() - known if gone else ():
        new[desired.jobs[address].fingerprint].append(address)
    pairs = []
    for old in sorted(gone):
        intended = counted_definition(recorded.jobs[old])
        found = new.get(intended.fingerprint, []) if intended else []
        same_row = [each for each in found if Address.parse(each).instance == Address.parse(old).instance]
        pairs += [(old, each) for each in same_row or found]
    return _only(pairs)


def _only(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs of which neither side has another one: what may be several things is not proposed."""
    olds, news = defaultdict(set), defaultdict(set)
    for old, new in pairs:
        olds[old].add(new)
        news[new].add(old)
    return {old: next(iter(found)) for old, found in olds.items() if len(found) == 1 == len(news[next(iter(found))])}


def _with(recorded: Recorded, pairs: Pairs) -> Recorded:
    """Return a fold in which these have moved; records are exchanged by that, never changed."""
    shared = replace(
        recorded,
        keys=dict(recorded.keys),
        jobs=dict(recorded.jobs),
        owner_of=dict(recorded.owner_of),
        orders={},
        protected=set(recorded.protected),
        moved=dict(recorded.moved),
    )
    shared.note(Moved(address=old, to=new) for old, new in pairs.items())
    return shared


def _as_campaigns(pairs: Pairs, recorded: Recorded) -> Pairs:
    """Return one pair for a campaign all of whose instances have a new name that differs in that of the campaign."""
    whole: dict[str, set[str | None]] = defaultdict(set)
    for old, new in pairs.items():
        before, now = Address.parse(old), Address.parse(new)
        alike = before.instance is not None and before.instance == now.instance
        whole[str(before.whole)].add(str(now.whole) if alike else None)
    staying = [record.address for record in recorded.jobs.values() if not record.forgotten]
    left = {str(Address.parse(address).whole) for address in staying if address not in pairs}
    moved = {old: next(iter(news)) for old, news in whole.items() if len(news) == 1 and old not in left}
    campaigns = {old: new for old, new in moved.items() if new is not None}
    single = {old: new for old, new in pairs.items() if str(Address.parse(old).whole) not in campaigns}
    return {**campaigns, **dict(sorted(single.items())[:_MOST])}


def _quoted(address: str) -> str:
    return "'" + address.replace("'", "''") + "'" if "[" in address else address

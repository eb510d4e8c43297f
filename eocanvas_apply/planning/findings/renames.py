"""What looks like a new name: something on record that the manifest has no more, and something new that is the same.

Nothing follows from it but the lines for `moved:` that a plan proposes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from eocanvas_apply.diagnostics import LONGEST_TEXT, Diagnostic, warning
from eocanvas_apply.ledger.events import Moved
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.keys.comparison import config_changes
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.planning.state.runs import counted_definition

Pair = tuple[str, str]
Pairs = Mapping[str, str]
# Campaigns are renamed as wholes; so many single instances are looked at.
_MOST = 1_000
_ADVICE = "to keep what is on record, write under `moved:`"
# So many lines stand in one hint, as far as it has room; so many of them are named in the message.
_AT_ONCE, _ROOM, _NAMED = 10, LONGEST_TEXT - len(_ADVICE) - 1, 3
# What an apply refuses because something on record would be lost, or run again.
_LOSSES = ("too-many-deletes", "too-many-relaunches", "too-many-forgets", "protected")
_FIRST = "what has only a new name is kept by the lines for `moved:` (looks-renamed)"


def proposed_moves(desired: Desired, recorded: Recorded) -> Iterator[Diagnostic]:
    """Yield the lines for `moved:` of what seems to have a new name, keys first, as many at once as a hint holds."""
    keys = _renamed_keys(desired, recorded)
    jobs = _renamed_jobs(desired, _with(recorded, keys))
    pairs = (*keys.items(), *_as_campaigns(jobs, recorded).items())
    for some in _portions(pairs):
        yield warning("looks-renamed", _what(some), "\n".join([_ADVICE, *(_line(*pair) for pair in some)]))


def or_renamed(refusals: Sequence[Diagnostic], proposed: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield what holds an apply back; where moves are proposed, what an apply would lose may only have new names."""
    for each in refusals:
        renamed = proposed and each.code in _LOSSES
        yield structs.replace(each, hint=f"{_FIRST}\n{each.hint}") if renamed else each


def _portions(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    some, room = list[Pair](), _ROOM
    for pair in pairs:
        if some and (room < len(_line(*pair)) or len(some) == _AT_ONCE):
            yield some
            some, room = [], _ROOM
        some.append(pair)
        room -= len(_line(*pair)) + 1
    if some:
        yield some


def _what(pairs: Sequence[Pair]) -> str:
    if len(pairs) == 1:
        return "{1} is what {0} was: it seems to have a new name".format(*pairs[0])
    shown = ", ".join(f"{old} as {new}" for old, new in pairs[:_NAMED])
    more = f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
    return f"{len(pairs)} addresses seem to have new names: {shown}{more}"


def _line(old: str, new: str) -> str:
    return f"- {{from: {_quoted(old)}, to: {_quoted(new)}}}"


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
    shared = structs.replace(
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
    if not pairs:
        return pairs
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

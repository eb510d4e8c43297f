"""What a move makes of what is recorded: records, and what recorded launches say of other addresses.

A record is exchanged for another, never changed, so that a copy of the fold may share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from msgspec.structs import replace

from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.ledger.events import JobIntended, Moved
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.key_records import KeyRecord

# Of other processes the inputs are the user's own, and name no address.
_WITH_ADDRESSES = ("snap-function", "dataTailor")


def moved_address(event: Moved, address: str) -> str | None:
    """Return where an address is after a move, None where the move is not about it; a campaign takes its instances."""
    if address == event.address:
        return event.to
    whole, bracket, rest = address.partition("[")
    return f"{event.to}{bracket}{rest}" if bracket and whole == event.address else None


def moves_of(event: Moved, keys: Mapping[str, KeyRecord], jobs: Mapping[str, JobRecord]) -> dict[str, str]:
    """Return the new addresses, by the old ones, of the records that a move is about.

    It takes no place where something is: a generation of a key that lives or may live, a job that is not forgotten.
    """
    found = {old: moved_address(event, old) or old for old in recorded_of(event, keys, jobs)}
    return {old: new for old, new in found.items() if not _is_taken(new, keys, jobs)}


def recorded_of(event: Moved, keys: Mapping[str, KeyRecord], jobs: Mapping[str, JobRecord]) -> list[str]:
    """Return the old addresses that a move is about and that are on record, taken or not."""
    if event.address.startswith("job.") and "[" not in event.address:
        return [address for address in jobs if moved_address(event, address)]
    # Only a campaign is looked for among all jobs.
    return [event.address] if event.address in keys or event.address in jobs else []


def _is_taken(address: str, keys: Mapping[str, KeyRecord], jobs: Mapping[str, JobRecord]) -> bool:
    if address in keys:
        return any(each.live or each.open for each in keys[address].generations.values())
    return address in jobs and not jobs[address].forgotten


def moved_keys(keys: Mapping[str, KeyRecord], moves: Mapping[str, str]) -> dict[str, KeyRecord]:
    """Return the records of keys after these moves."""
    taken = {*moves, *moves.values()}
    moved = {new: replace(keys[old], address=new) for old, new in moves.items() if old in keys}
    return {address: each for address, each in keys.items() if address not in taken} | moved


def moved_jobs(jobs: Mapping[str, JobRecord], moves: Mapping[str, str]) -> dict[str, JobRecord]:
    """Return the records of jobs after these moves; the past of a forgotten job is kept."""
    taken = {*moves, *moves.values()}
    found = {address: each for address, each in jobs.items() if address not in taken}
    for old, new in moves.items():
        if record := jobs.get(old):
            before = jobs.get(new) or JobRecord(new)
            intents, runs = {**before.intents, **record.intents}, {**before.runs, **record.runs}
            found[new] = replace(record, address=new, intents=intents, runs=runs)
    known: dict[str, str] = {}
    # What follows from a new fingerprint comes in the next round.
    while changed := dict(_changed(found.values(), moves, known)):
        found |= changed
    return found


def _changed(
    jobs: Iterable[JobRecord], moves: Mapping[str, str], known: dict[str, str]
) -> Iterator[tuple[str, JobRecord]]:
    """Yield the records whose launches name something that moved; `known` are new fingerprints by the old ones."""
    for record in jobs:
        # Of many jobs most name nothing that moved, and all are asked for each move.
        if not any(each.intended and _names_one(each.intended, moves, known) for each in record.intents.values()):
            continue
        before = {intent.id: intent.intended for intent in record.intents.values() if intent.intended}
        now = {name: _renamed_launch(intended, moves, known) for name, intended in before.items()}
        if now != before:
            known |= {before[name].fingerprint: now[name].fingerprint for name in now if now[name] != before[name]}
            intents = {name: replace(each, intended=now.get(name)) for name, each in record.intents.items()}
            yield record.address, replace(record, intents=intents)


def _renamed_launch(intended: JobIntended, moves: Mapping[str, str], known: Mapping[str, str]) -> JobIntended:
    if not _names_one(intended, moves, known):
        return intended
    output = moves.get(intended.output, intended.output)
    components = {**intended.components, **({"output": output} if "output" in intended.components else {})}
    if intended.process in _WITH_ADDRESSES:
        inputs = components.get("inputs") or {}
        components["inputs"] = {name: _renamed_input(each, moves, known) for name, each in inputs.items()}
    # Its own address stays: the job's mark was made of it.
    return replace(
        intended,
        components=components,
        fingerprint=fingerprint(components),
        keys=tuple(replace(use, address=moves.get(use.address, use.address)) for use in intended.keys),
        output=output,
    )


def _names_one(intended: JobIntended, moves: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Tell whether a launch names something that moved, or has an input whose fingerprint is another by that."""
    inputs = intended.components.get("inputs") or {} if intended.process in _WITH_ADDRESSES else {}
    return intended.output in moves or any(
        each.get("key") in moves or each.get("result") in moves or each.get("fingerprint") in known
        for each in inputs.values()
    )


def _renamed_input(given: Mapping[str, Any], moves: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    new = {name: moves.get(given[name], given[name]) for name in ("key", "result") if name in given}
    if "fingerprint" in given:
        new["fingerprint"] = known.get(given["fingerprint"], given["fingerprint"])
    return {**given, **new}


def moved_patterns(patterns: Iterable[str], event: Moved) -> set[str]:
    """Return patterns of protected addresses after a move: what protected the old address protects the new one too."""
    found = set(patterns)
    bare = event.address.partition(".")[2], event.to.partition(".")[2]
    for pattern in patterns:
        for old, new in ((event.address, event.to), bare):
            if pattern == old or pattern.startswith((f"{old}/", f"{old}[")):
                found.add(new + pattern[len(old) :])
        if fnmatchcase(event.address, pattern) and not fnmatchcase(event.to, pattern):
            found.add(event.to)
    return found

"""What can be wrong with the lines of `moved:`, as far as the manifest alone shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.validation.meaning import mapping_at

_FORM = 'write key.NAME, job.NAME or job.NAME["ID"]; a campaign moves with all its instances'


def move_faults(data: Data) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield what is wrong with `moved:`. Which instances a campaign has is not known here."""
    lines = data.get("moved") if isinstance(data, dict) else None
    moves: dict[int, tuple[Address, Address]] = {}
    for place, line in enumerate(lines if isinstance(lines, list) else ()):
        ends = {end: mapping_at(line).get(end) for end in ("from", "to")}
        source, target = (_address(text) for text in ends.values())
        for end, text in ends.items():
            if isinstance(text, str) and text and _address(text) is None:
                message = f"`{text[:60]}` is not the address of a key or a job"
                yield error("bad-move", message, _FORM), ("moved", place, end)
        if source and target:
            moves[place] = source, target
    lines_of = _Moves.of(moves, data)
    for place, (source, target) in moves.items():
        if found := lines_of.fault(source, target):
            end, message, hint = found
            yield error("bad-move", message, hint), ("moved", place, end)


def _address(text: Data) -> Address | None:
    try:
        found = Address.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.generation is None and str(found) != f"key.{EODATA}" else None


class _Moves(Struct, frozen=True):
    """All lines, and what the manifest has: `declared` are its addresses, `campaigns` the names of jobs with rows."""

    moves: Mapping[Address, Address]
    sources: Counter[Address]
    targets: Counter[Address]
    declared: frozenset[str]
    campaigns: frozenset[str]

    @classmethod
    def of(cls, moves: Mapping[int, tuple[Address, Address]], data: Data) -> _Moves:
        declared = {f"{kind}.{name}" for kind in ("key", "job") for name in mapping_at(data, f"{kind}s")}
        campaigns = {name for name, job in mapping_at(data, "jobs").items() if "for_each" in mapping_at(job)}
        sources, targets = (Counter(move[end] for move in moves.values()) for end in (0, 1))
        return cls(dict(moves.values()), sources, targets, frozenset(declared), frozenset(campaigns))

    def fault(self, source: Address, target: Address) -> tuple[str, str, str] | None:
        """Return the end of a line that is wrong, what is wrong with it, and what to do."""
        if source.kind != target.kind:
            return "to", f"{source} cannot become {target}", "a key stays a key, and a job a job"
        if self._leads_back(source):
            hint = "remove one of the lines; a name that is used again for something else needs none"
            return "from", f"the moves lead from {source} back to it", hint
        if self.sources[source] > 1:
            return "from", f"{source} moves to two addresses", "keep one of the lines"
        if self.targets[target] > 1:
            return "to", f"two addresses move to {target}", "keep one of the lines"
        if str(source) in self.declared:
            hint = "remove it there, or remove this line: what moves leaves its old name"
            return "from", f"{source} moves, and the manifest still has it", hint
        return self._without_place(target)

    def _without_place(self, target: Address) -> tuple[str, str, str] | None:
        whole = target.whole
        if str(whole) in self.declared:
            alone = target.instance is not None and target.name not in self.campaigns
            return ("to", f"{whole} has no instances", f"write `to: {whole}`") if alone else None
        if target in self.sources or whole in self.sources:
            return None
        hint = did_you_mean(str(whole), self.declared) or "declare it, or remove the line"
        return "to", f"the manifest has no {whole} to move to", hint

    def _leads_back(self, source: Address) -> bool:
        seen, now = {source}, self.moves.get(source)
        while now is not None and now not in seen:
            seen.add(now)
            now = self.moves.get(now)
        return now == source

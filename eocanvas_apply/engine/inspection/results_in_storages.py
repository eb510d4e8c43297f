"""The results on record that lie in storages, looked for with the keys' own credentials."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec import Struct, field, structs

from eocanvas_apply.diagnostics import Diagnostic, info
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.engine.inspection.storage_probes import LONGEST_S, open_probe, place_in_words, too_slow
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.ledger.events import KeyIntended
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.drift import Drifted, DriftReport, drifted_object
from eocanvas_apply.planning.state.at_keys import ResultAtKey, results_at_keys
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.storage.probe import Stock, Waiting

# What says which storage a key opens: its secrets of now are for no other one.
_PLACE = ("endpoint", "bucket", "username")


async def drift_report(engine: Engine) -> DriftReport:
    """Return where what is there now is not as recorded, results in storages included.

    Nothing is written anywhere. Raises what `Engine.plan` does; a storage that does not answer is a diagnostic.
    """
    storages = ResultsInStorages(engine.desired, engine.observer.vault, engine.desired.timing.request_timeout)
    found = await engine.drift(storages.drifted)
    diagnostics = (*found.plan.diagnostics, *engine.review(storages.diagnostics))
    return structs.replace(found, plan=dataclasses.replace(found.plan, diagnostics=diagnostics))


class ResultsInStorages(Struct):
    """Asks for one project; `diagnostics` tell afterwards which storages did not answer, and what was not asked.

    `timeout` is for one request.
    """

    desired: Desired
    vault: Vault
    timeout: timedelta
    diagnostics: list[Diagnostic] = field(default_factory=list)

    async def drifted(self, recorded: Recorded) -> Sequence[Drifted]:
        """Return the results that are not as they were, of those that could be looked for."""
        by_key: dict[str, list[ResultAtKey]] = defaultdict(list)
        for result in results_at_keys(recorded):
            by_key[result.key].append(result)
        found = await asyncio.gather(*(self._of_key(key, results, recorded) for key, results in by_key.items()))
        return [each for of_key in found for each in of_key]

    async def _of_key(self, address: str, results: Sequence[ResultAtKey], recorded: Recorded) -> Sequence[Drifted]:
        why = self._not_to_ask(address)
        if why:
            self._leave_out(address, len(results), why)
            return ()
        here = [result for result in results if self._is_same_place(result, recorded)]
        if len(here) < len(results):
            self._leave_out(address, len(results) - len(here), "they are in the storage that the key opened before")
        stock = await self._stock(address, {result.path for result in here}) if here else None
        return tuple(_drifted(here, stock)) if stock else ()

    def _not_to_ask(self, address: str) -> str:
        key = self.desired.keys.get(address)
        if key is None:
            return "the manifest no longer has the key"
        if key.existing:
            return "this project has no credentials of an existing key"
        known = self.vault.secrets.get(address, {}).keys()
        return "" if key.secrets.keys() <= known else "the secrets of the key cannot be read"

    def _is_same_place(self, result: ResultAtKey, recorded: Recorded) -> bool:
        made = _intended(result, recorded)
        now = self.desired.keys[result.key].config
        return made is not None and all(made.config.get(name) == now.get(name) for name in _PLACE)

    async def _stock(self, address: str, paths: set[str]) -> Stock | None:
        key, waiting = self.desired.keys[address], Waiting()
        try:
            async with asyncio.timeout(LONGEST_S):
                own = self.vault.secrets.get(address, {})
                found = await open_probe(address, key.storage, key.config, own, self.timeout, waiting).stock(paths)
        except TimeoutError:
            place = place_in_words(key.storage, key.config)
            self.diagnostics.append(too_slow(address, place, waiting, "plan without --refresh-only"))
            return None
        except EocanvasApplyError as fault:
            self.diagnostics += fault.diagnostics
            return None
        if found.unasked:
            self._leave_out(address, len(found.unasked), "each takes a request of its own: allow the key to list")
        return found

    def _leave_out(self, address: str, number: int, why: str) -> None:
        what = f"{number} {'result' if number == 1 else 'results'} in the storage of {address} not looked for: {why}"
        self.diagnostics.append(structs.replace(info("storage-not-asked", what), address=address))


def _intended(result: ResultAtKey, recorded: Recorded) -> KeyIntended | None:
    record = recorded.keys.get(result.key)
    generation = record.generations.get(result.generation) if record and result.generation else None
    return generation.intended if generation else None


def _drifted(results: Sequence[ResultAtKey], stock: Stock) -> Iterator[Drifted]:
    for result in results:
        path = result.path
        if path not in stock.unasked:
            size, modified = stock.sizes.get(path), stock.modified.get(path)
            if found := drifted_object(result, size, modified, there=path in stock.sizes):
                yield found

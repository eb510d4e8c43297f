"""The preflight: storages are asked with the credentials that would be sealed, before a job needs them."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import unquote

from msgspec import Struct, structs

from eocanvas_apply.checks.checking import adjusted
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, info, warning
from eocanvas_apply.engine.definition import Campaigns, Definition
from eocanvas_apply.engine.inspection.storage_probes import LONGEST_S, open_probe, place_in_words, too_slow
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.desired_job import DesiredInput, DesiredJob
from eocanvas_apply.report.checked_storage import CheckedStorage
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.storage.probe import WRITTEN, Probe, Stock, Waiting, write_and_remove
from eocanvas_apply.vocabulary import StorageType

_EODATA = "key.eodata"
# Among more names of one folder the nearest is not looked for.
_MOST_NAMES = 200
_SILENT_S = 10.0
_MISSIONS = (
    *("Sentinel-1", "Sentinel-2", "Sentinel-3", "Sentinel-5P", "Sentinel-6", "Landsat-5", "Landsat-7", "Landsat-8"),
    *("Envisat", "SMOS", "CAMS", "CEMS", "CLMS", "CMEMS", "Global-Mosaics", "auxdata"),
)


class _Wanted(Struct, frozen=True):
    """A path that inputs name, with the first of them."""

    path: str
    job: DesiredJob
    name: str


async def preflight(
    campaigns: Campaigns,
    vault: Vault,
    timing: Mapping[str, timedelta] = MappingProxyType({}),
    *,
    write: bool,
    late: Callable[[str], None] = lambda _: None,
) -> tuple[CheckedStorage, ...]:
    """Ask every storage of the project; with `write` also write a small file where jobs put results, and remove it.

    `timing` overrides fields of the manifest's. `late` is called with words about a storage whose answers take long.
    Nothing is raised for what is wrong: it is in the diagnostics, at its line, with the severity of the manifest.
    """
    desired = campaigns.desired(timing)
    wanted = _wanted(desired.jobs.values())
    outputs = {job.output_key for job in desired.jobs.values()} if write else set()
    asking = _Asking(campaigns.project, vault, campaigns.project.timing(timing).request_timeout, late)
    own = [key for key in desired.keys.values() if not key.existing]
    checks = (asking.checked(key, wanted.get(key.address, ()), write=key.address in outputs) for key in own)
    asked = await asyncio.gather(*checks)
    found = [*asking.of_eodata(wanted.get(_EODATA, ())), *asked, *asking.of_existing(desired.keys.values())]
    manifest = campaigns.project.manifest
    return tuple(structs.replace(each, diagnostics=tuple(adjusted(each.diagnostics, manifest))) for each in found)


def _wanted(jobs: Iterable[DesiredJob]) -> Mapping[str, list[_Wanted]]:
    """Return the paths that inputs name, by the address of their key."""
    found: dict[str, dict[str, _Wanted]] = defaultdict(dict)
    for job in jobs:
        for given in job.inputs if job.skip is None else ():
            if given.key and given.location and not given.result:
                found[given.key].setdefault(path := _path(given), _Wanted(path, job, given.name))
    return {key: list(paths.values()) for key, paths in found.items()}


def _path(given: DesiredInput) -> str:
    return "/" + given.location.lstrip("/")


class _Asking(Struct, frozen=True):
    """Asks the storages of one project; `timeout` is for one request, `late` hears of one that takes long."""

    project: Definition
    vault: Vault
    timeout: timedelta
    late: Callable[[str], None]

    async def checked(self, key: DesiredKey, wanted: Iterable[_Wanted], *, write: bool) -> CheckedStorage:
        if faults := self.vault.faults.get(key.address):
            return CheckedStorage(key.address, _place(key), diagnostics=faults)
        paths, waiting = {each.path: each for each in wanted}, Waiting()
        result = CheckedStorage(key.address, _place(key), len(paths))
        words = f"{key.address}: its storage has not answered everything within {_SILENT_S:g} s; still waiting"
        word = asyncio.get_running_loop().call_later(_SILENT_S, self.late, words)
        try:
            async with asyncio.timeout(LONGEST_S):
                own = self.vault.secrets.get(key.address, {})
                probe = open_probe(key.address, key.storage, key.config, own, self.timeout, waiting)
                stock = await probe.stock(paths) if paths else await _answer(probe)
                if write:
                    await self._write(key, probe)
        except TimeoutError:
            slow = too_slow(key.address, _place(key), waiting, "validate without --storage")
            return structs.replace(result, diagnostics=(self._at_key(key, slow),))
        except EocanvasApplyError as fault:
            found = tuple(self._at_key(key, each) for each in fault.diagnostics)
            return structs.replace(result, diagnostics=found)
        finally:
            word.cancel()
        found = (*self._input_faults(key, paths, stock), *self._unasked(key, stock))
        return structs.replace(result, found=len(stock.sizes), written=write, asked=True, diagnostics=found)

    async def _write(self, key: DesiredKey, probe: Probe) -> None:
        name = f"{WRITTEN}{secrets.token_hex(8)}.txt"
        try:
            await write_and_remove(probe, name, f"{key.address}: {_place(key)}", self.timeout)
        except asyncio.CancelledError:
            self.late(f"{key.address}: interrupted; {name} was removed, or is left there: delete it then")
            raise

    def _unasked(self, key: DesiredKey, stock: Stock) -> Iterator[Diagnostic]:
        if stock.unasked:
            what = f"{key.address}: {len(stock.unasked)} inputs were not looked for: each takes a request of its own"
            hint = "allow the key to list its bucket, or keep inputs in fewer folders"
            yield self._at_key(key, info("storage-not-asked", what, hint))

    def of_existing(self, keys: Iterable[DesiredKey]) -> Iterator[CheckedStorage]:
        """Yield the existing keys, whose storages cannot be asked; the first one says so for all."""
        existing = [key for key in keys if key.existing]
        names = ", ".join(key.address for key in existing)
        what = f"the storages of existing keys are not asked, since this project has no credentials for them: {names}"
        for place, key in enumerate(existing):
            found = () if place else (self._at_key(key, info("storage-not-asked", what)),)
            yield CheckedStorage(key.address, key.name, diagnostics=found)

    def of_eodata(self, wanted: Iterable[_Wanted]) -> Iterator[CheckedStorage]:
        """Yield what can be said of EODATA paths, for which this project has no credentials: their form."""
        given = list(wanted)
        odd = [each for each in given if each.path.split("/")[1] not in _MISSIONS]
        found = tuple(self._eodata_fault(*each) for each in _folded(odd))
        if given:
            yield CheckedStorage(
                _EODATA, "EODATA, by the form of paths", len(given), len(given) - len(odd), diagnostics=found
            )

    def _eodata_fault(self, first: _Wanted, number: int) -> Diagnostic:
        top = first.path.split("/")[1]
        hint = did_you_mean(top, _MISSIONS) or "paths look like /Sentinel-3/OLCI/OL_2_WFR___/2024/07/01/NAME.SEN3"
        return self._at_input(
            first, warning("eodata-folder", f"EODATA has no folder /{top} as far as known{_and_more(number)}", hint)
        )

    def _input_faults(self, key: DesiredKey, wanted: Mapping[str, _Wanted], stock: Stock) -> Iterator[Diagnostic]:
        """Yield, for each input of a job or campaign, one error for what is missing and one for what is empty."""
        where = "the folder" if key.storage is StorageType.WEBDAV else f"the bucket {key.config['bucket']!r}"
        missing = wanted.keys() - stock.sizes.keys() - stock.unasked
        for first, number in _folded(each for path, each in wanted.items() if path in missing):
            what = f"{first.path} is not in {where}{_and_more(number)}"
            hint = _near(first.path, stock.names, key.config.get("bucket"))
            yield self._at_input(first, error("storage-input-missing", what, hint))
        for first, number in _folded(each for path, each in wanted.items() if stock.sizes.get(path) == 0):
            what = f"{first.path} in {where} is empty{_and_more(number)}"
            yield self._at_input(first, error("storage-input-empty", what, "upload it again"))

    def _at_input(self, wanted: _Wanted, found: Diagnostic) -> Diagnostic:
        address = Address.parse(wanted.job.address)
        path = ("jobs", address.name, "inputs", wanted.name, "path")
        return self.project.loaded.place(structs.replace(found, address=str(address.whole)), path)

    def _at_key(self, key: DesiredKey, found: Diagnostic) -> Diagnostic:
        path = ("keys", Address.parse(key.address).name)
        return self.project.loaded.place(structs.replace(found, address=key.address), path, at_name=True)


async def _answer(probe: Probe) -> Stock:
    await probe.answer()
    return Stock({})


def _place(key: DesiredKey) -> str:
    return place_in_words(key.storage, key.config)


def _folded(found: Iterable[_Wanted]) -> list[tuple[_Wanted, int]]:
    """Return the first of each input of a job or campaign, with the number of paths."""
    groups: dict[tuple[str, str], list[_Wanted]] = defaultdict(list)
    for each in found:
        groups[str(Address.parse(each.job.address).whole), each.name].append(each)
    return [(group[0], len(group)) for group in groups.values()]


def _and_more(number: int) -> str:
    return f" (and {number - 1} more of this input)" if number > 1 else ""


def _near(path: str, names: Iterable[str], bucket: str | None) -> str:
    """Return what to write instead: the bucket left out, a name that is there, or a near one."""
    if bucket and path.startswith(f"/{bucket}/"):
        return f"the bucket is not a part of paths: write {path.removeprefix(f'/{bucket}')}"
    known = list(names)
    if (decoded := unquote(path)) != path and decoded in known:
        return f"paths are not percent-encoded: write {decoded}"
    if same := next((name for name in known if name.casefold() == path.casefold()), None):
        return f"did you mean {same}?"
    folder = path.rpartition("/")[0] + "/"
    beside = [name for name in known if name.startswith(folder)][:_MOST_NAMES]
    return did_you_mean(path, beside) or "check the path, which begins at the top of the storage, and the key"

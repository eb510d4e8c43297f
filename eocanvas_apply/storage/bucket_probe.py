"""The preflight of a bucket: listings of common prefixes, and single questions for what they do not decide."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, groupby, takewhile
from typing import TYPE_CHECKING

from eocanvas_apply.errors import CredentialsError
from eocanvas_apply.storage.bucket import Bucket, StoredFile
from eocanvas_apply.storage.bucket_faults import fault_of, reading_denied
from eocanvas_apply.storage.bucket_listing import list_files, opened
from eocanvas_apply.storage.probe import AT_ONCE, CONTENT, MOST_ASKED, Stock, Waiting, a_few_at_once

if TYPE_CHECKING:
    from obstore.store import S3Store

# What one request lists.
_PAGE = 1000
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class BucketProbe:
    """Asks one bucket; `timeout` is for one request."""

    bucket: Bucket
    timeout: timedelta
    waiting: Waiting = field(default_factory=Waiting)
    _modified: dict[str, datetime] = field(default_factory=dict, repr=False)

    async def answer(self) -> None:
        """Ask for its first file."""
        await self._files("", 1)

    async def stock(self, paths: Collection[str]) -> Stock:
        """List what all of them begin with; what a long listing leaves open is listed by folder, the rest asked for."""
        try:
            found, names, rest = await self._listed(sorted(paths), max(1, min(_MOST_PAGES, len(paths) // 10)))
            singles = [folder[0] for folder in _by_folder(rest) if len(folder) == 1]
            folders = [folder for folder in _by_folder(rest) if len(folder) > 1]
            listings = (partial(self._listed, folder, 1) for folder in folders[:MOST_ASKED])
            for more, also, left in await a_few_at_once(listings):
                found, names, singles = found | more, names + also, singles + left
            found |= await self._asked(singles[:MOST_ASKED])
            unasked = frozenset((*singles[MOST_ASKED:], *chain.from_iterable(folders[MOST_ASKED:])))
            if not names:
                # For a folder in another case, or a path that begins elsewhere: names to suggest.
                names = [file.path for file in await self._files("", _PAGE)]
        except CredentialsError as denied:
            asked = sorted(paths)
            found = await self._without_listing(asked[:MOST_ASKED], denied)
            return Stock(found, unasked=frozenset(asked[MOST_ASKED:]), modified=self._modified)
        return Stock(found, tuple(names), unasked, self._modified)

    async def _listed(self, paths: list[str], pages: int) -> tuple[dict[str, int | None], list[str], list[str]]:
        """Return the sizes of those that are there, all names seen, and those that the listing does not decide."""
        files = await self._files(_beginning(paths), pages * _PAGE)
        names = [file.path for file in files]
        open_from = names[-1] if len(files) >= pages * _PAGE else None
        sizes = dict(_present(paths, files, names))
        self._modified.update((file.path, file.modified) for file in files if file.modified and file.path in sizes)
        return sizes, names, [path for path in paths if open_from and path > open_from and path not in sizes]

    async def _files(self, beginning: str, limit: int) -> Sequence[StoredFile]:
        with self.waiting.asks(f"the listing of {beginning or '/'}"):
            return await list_files(self.bucket, beginning, limit, self.timeout)

    async def _without_listing(self, paths: list[str], denied: CredentialsError) -> dict[str, int | None]:
        """Ask for each: a key may open files that it may not list.

        Where the first few are all refused, so would the others be; where some are, those are not there.
        """
        first = await self._asked(paths[:AT_ONCE], refused_is_missing=True)
        if not first:
            raise reading_denied(denied)
        return first | await self._asked(paths[AT_ONCE:], refused_is_missing=True)

    async def _asked(self, paths: Iterable[str], *, refused_is_missing: bool = False) -> dict[str, int | None]:
        store, asked = opened(self.bucket, self.timeout), list(paths)

        async def size(path: str) -> int | None:
            try:
                return await self._head(store, path)
            except CredentialsError:
                # Without the right to list, a storage refuses what is not there.
                if refused_is_missing:
                    return None
                raise

        sizes = await a_few_at_once(partial(size, path) for path in asked)
        return {path: found for path, found in zip(asked, sizes, strict=True) if found is not None}

    async def _head(self, store: S3Store, path: str) -> int | None:
        from obstore.exceptions import BaseError

        with self.waiting.asks(f"HEAD {path}"):
            try:
                found = await store.head_async(path.lstrip("/"))
            except FileNotFoundError:
                return None
            except BaseError as fault:
                raise fault_of(self.bucket, fault) from None
        self._modified[path] = found["last_modified"]
        return int(found["size"])

    async def write(self, name: str) -> None:
        """Write a small file at the top of the bucket."""
        from obstore.exceptions import BaseError

        self.bucket.check("")
        try:
            with self.waiting.asks(f"PUT {name}"):
                await opened(self.bucket, self.timeout).put_async(name, CONTENT)
        except (FileNotFoundError, BaseError) as fault:
            raise fault_of(self.bucket, fault, "written") from None

    async def remove(self, name: str) -> bool:
        """Remove a file at the top of the bucket; tell whether the storage did so."""
        from obstore.exceptions import BaseError

        try:
            with self.waiting.asks(f"DELETE {name}"):
                await opened(self.bucket, self.timeout).delete_async(name)
        except FileNotFoundError:
            return True
        except BaseError:
            return False
        return True


def _beginning(paths: Sequence[str]) -> str:
    """Return the characters that all of them, which are sorted, begin with."""
    same = zip(paths[0], paths[-1], strict=False)
    return paths[0][: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], same))]


def _by_folder(paths: Iterable[str]) -> list[list[str]]:
    return [list(group) for _, group in groupby(sorted(paths), key=lambda path: path.rpartition("/")[0])]


def _present(paths: Iterable[str], files: Sequence[StoredFile], names: list[str]) -> Iterator[tuple[str, int | None]]:
    """Yield the paths that sorted files show, with their sizes; None for one that files lie below."""
    for path in paths:
        at, below = bisect_left(names, path), bisect_left(names, path + "/")
        if at < len(names) and names[at] == path:
            yield path, files[at].size
        elif below < len(names) and names[below].startswith(path + "/"):
            yield path, None

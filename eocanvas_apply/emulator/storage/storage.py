"""Jobs that really read and write: with the credentials of their keys, at the storages those name."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from eocanvas_apply.emulator.model.job_failures import StorageFailure, missing_file, not_an_archive, wrong_item
from eocanvas_apply.emulator.model.job_files import Fetch, Output, StagedFile, StageIn, StageOut
from eocanvas_apply.emulator.model.keystore import Credentials, S3Credentials
from eocanvas_apply.emulator.model.submissions import JobInput
from eocanvas_apply.emulator.storage.places import Bucket, Collection, fetch_url

Files = Mapping[str, bytes]


class Storage:
    """The storages outside. EODATA is a folder, or a mapping from paths such as `Sentinel-3/a.nc` to bytes."""

    def __init__(self, ca_file: str | None, eodata: Path | Files | None) -> None:
        self._ca_file = ca_file
        self._eodata = eodata or {}

    def stage_in(self, work: StageIn) -> tuple[tuple[StagedFile, ...], tuple[Output, ...]]:
        """Return the inputs that were read, and outputs that name their digests. Raises StorageFailure."""
        staged = tuple(self._staged(fetch) for fetch in work.fetches)
        return staged, tuple(_made_of(output, staged) for output in work.outputs)

    def stage_out(self, work: StageOut) -> None:
        """Write a job's outputs into a folder with the job's name. Raises StorageFailure."""
        files = {f"{work.job_id}/{output.name}": output.content(work.job_id) for output in work.outputs}
        if isinstance(work.credentials, S3Credentials):
            bucket = Bucket(work.credentials, self._ca_file)
            for path, content in files.items():
                bucket.write(path, content)
            return
        with closing(Collection(work.credentials, self._ca_file)) as collection:
            for path, content in files.items():
                collection.write(path, content)

    def _staged(self, fetch: Fetch) -> StagedFile:
        name, content = _picked(fetch.input, self._read(fetch))
        return StagedFile(fetch.input.name, name, len(content), hashlib.sha256(content).hexdigest())

    def _read(self, fetch: Fetch) -> Files:
        location = fetch.input.location
        if fetch.at_hand is not None:
            return {fetch.at_hand.file: fetch.at_hand.content}
        if fetch.credentials is not None:
            return self._read_with(fetch.credentials, location)
        if fetch.input.key == "eodata":
            return self._read_eodata(location)
        return fetch_url(location, self._ca_file)

    def _read_with(self, credentials: Credentials, location: str) -> Files:
        if isinstance(credentials, S3Credentials):
            return Bucket(credentials, self._ca_file).read(location)
        with closing(Collection(credentials, self._ca_file)) as collection:
            return collection.read(location)

    def _read_eodata(self, location: str) -> Files:
        path = location.strip("/").removeprefix("eodata/")
        files = _folder(self._eodata, path) if isinstance(self._eodata, Path) else self._eodata
        found = {name: content for name, content in files.items() if f"{name}/".startswith(f"{path}/")}
        if not found:
            raise StorageFailure(missing_file(location))
        return found


def _folder(root: Path, path: str) -> Files:
    place = (root / path).resolve()
    if not place.is_relative_to(root.resolve()):
        return {}
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.is_file())
    return {file.relative_to(root.resolve()).as_posix(): file.read_bytes() for file in files}


def _picked(given: JobInput, files: Files) -> tuple[str, bytes]:
    """Return the one file that the process is given, or a whole folder as one text."""
    if given.option.uncompress:
        files = _uncompressed(given.location, files)
    pattern = given.option.sub_path
    if pattern:
        names = [name for name in files if fnmatch.fnmatchcase(name, f"*{pattern}")]
        if len(names) != 1:
            raise StorageFailure(wrong_item(pattern))
        return names[0], files[names[0]]
    if len(files) == 1:
        return next(iter(files.items()))
    return given.location, b"".join(files[name] for name in sorted(files))


def _uncompressed(location: str, files: Files) -> Files:
    unpacked: dict[str, bytes] = {}
    for content in files.values():
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked |= {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
        except zipfile.BadZipFile as fault:
            raise StorageFailure(not_an_archive(location)) from fault
    return unpacked


def _made_of(output: Output, staged: tuple[StagedFile, ...]) -> Output:
    lines = [f"{s.input} {s.file} {s.size} sha256:{s.sha256}\n" for s in staged]
    content = f"{output.name}\n{''.join(lines)}".encode()
    return replace(output, size=len(content), given=content)

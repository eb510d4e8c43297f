"""The names that a project has: of keys, jobs and instances, of environments and variables.

They are read from the texts of the manifest and from a ledger in a file, without the checks that a command makes, so
that they are there at once, and also while a manifest has faults.
"""

from __future__ import annotations

import json
import os
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest_sources import MANIFEST, ManifestFiles, read_manifest
from eocanvas_apply.vocabulary import NO_ENVIRONMENT, STATE_FOLDER

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# Of each event of a ledger no more is read than what it says of which address.
_EVENT = re.compile(rb'"type": ?"([a-z-]+)", ?"address": ?("(?:[^"\\]|\\.)*")')
# Windows asks the host of such a path whether it has the file.
_OF_A_HOST = re.compile(r"[/\\]{2}")
_LAST = {b"forgotten", b"moved", b"key-deleted"}


class ProjectNames:
    """The names of the project that the words before the cursor name; what cannot be read has none."""

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._files = ManifestFiles.named(*map(Path, _given(args, "file") or (MANIFEST,)))

    def names(self, field: str) -> list[str]:
        """Return the names in a field of the manifest, those of its environment included."""
        found = (layer.get(field) for layer in self._layers)
        names = (name for each in found if isinstance(each, dict) for name in each)
        return [name for name in dict.fromkeys(names) if isinstance(name, str) and _NAME.fullmatch(name)]

    def addresses(self, prefix: str, *, keys: bool) -> Mapping[str, str]:
        """Return what may be meant, and what it is: names, and behind the slash of a campaign its instances.

        A name of both a key and a job is ambiguous, so that its kind is written too.
        """
        name, slash, _ = prefix.partition("/")
        if slash:
            return dict.fromkeys((f"{name}/{id_}" for id_ in self._instances(name.removeprefix("job."))), "")
        return dict(self._names(keys=keys, whole=prefix.startswith(("key.", "job."))))

    def _names(self, *, keys: bool, whole: bool) -> Iterator[tuple[str, str]]:
        found = {"key": self._of_kind("key"), "job": self._of_kind("job")}
        both = found["key"].keys() & found["job"].keys()
        for kind in ("job", "key") if keys else ("job",):
            for name, campaign in found[kind].items():
                shown = f"{kind}.{name}" if whole or name in both else name
                yield shown, "campaign" if campaign else kind
                if campaign:
                    yield f"{shown}/", "one of its instances"

    def _of_kind(self, kind: str) -> dict[str, bool]:
        """Return the names of keys or jobs, and which of them are campaigns."""
        found = dict.fromkeys(self.names(f"{kind}s"), False)
        for each in self._recorded:
            if each.kind == kind:
                found[each.name] = found.get(each.name, False) or each.instance is not None
        if kind == "job":
            found.update(dict.fromkeys(self._campaigns(), True))
        return dict(sorted(found.items()))

    def _campaigns(self) -> Iterator[str]:
        for layer in self._layers:
            jobs = layer.get("jobs")
            for name, job in jobs.items() if isinstance(jobs, dict) else ():
                if isinstance(job, dict) and "for_each" in job and _NAME.fullmatch(str(name)):
                    yield name

    def _instances(self, campaign: str) -> list[str]:
        found = {each.instance for each in self._recorded if each.kind == "job" and each.name == campaign}
        found.update(self._rows_of(campaign))
        return sorted(each for each in found if each)

    def _rows_of(self, campaign: str) -> Iterator[str]:
        """Yield the instances whose rows stand in files or in the lock; only for these the whole manifest is read."""
        if campaign not in self._campaigns():
            return
        from eocanvas_apply.cli.recorded_project import RecordedProject

        lists = {name: _given(self._args, name) for name in ("file", "var", "allow_path")}
        alone = {name: getattr(self._args, name, None) for name in ("env", "policy", "ledger")}
        with suppress(Exception):
            for text in RecordedProject(Namespace(**lists, **alone), rows=True).given:
                address = Address.parse(text)
                if address.name == campaign and address.instance:
                    yield address.instance

    @cached_property
    def _layers(self) -> list[Mapping[str, Any]]:
        """The fields of each file of the manifest, and what the environment that is named lays over them."""
        found: list[Mapping[str, Any]] = []
        for file in (each for layer in self._files.layers for each in layer):
            # What is piped would be taken from the command.
            with suppress(Exception):
                data = YamlText.parse(read_manifest(file), str(file), merge=True).data if file.is_file() else None
                if isinstance(data, dict):
                    found += [data, *_overlay(data, getattr(self._args, "env", None))]
        return found

    @cached_property
    def _recorded(self) -> list[Address]:
        """What the ledger has, without what is over: forgotten, deleted, or called otherwise now."""
        last: dict[bytes, bytes] = {}
        with suppress(Exception):
            last.update((found[2], found[1]) for found in _EVENT.finditer(self._ledger()))
        found = []
        for address, event in last.items():
            with suppress(ValueError):
                found += [Address.parse(json.loads(address))] if event not in _LAST else []
        return found

    def _ledger(self) -> bytes:
        """Return the text of the ledger, empty where it is not in a file."""
        if named := getattr(self._args, "ledger", None) or os.environ.get("EOCANVAS_APPLY_LEDGER"):
            path = named.removeprefix("file:").removeprefix("//") if named.startswith("file:") else named
            local = "://" not in named and not _OF_A_HOST.match(path)
            return Path(path).read_bytes() if local and Path(path).is_file() else b""
        # A manifest names shared ledgers only: a file that one names would be one that its author chose.
        if any(isinstance(each.get("ledger"), dict) and each["ledger"].get("url") for each in self._layers):
            return b""
        name = f"{getattr(self._args, 'env', None) or NO_ENVIRONMENT}.jsonl"
        with self._files.boundary().open(self._files.folder / STATE_FOLDER / name) as file:
            return file.read()


def _given(args: Namespace, name: str) -> list[str]:
    return list(getattr(args, name, None) or ())


def _overlay(data: Mapping[str, Any], environment: str | None) -> Iterator[Mapping[str, Any]]:
    environments = data.get("environments")
    overlay = environments.get(environment) if environment and isinstance(environments, dict) else None
    if isinstance(overlay, dict):
        yield overlay

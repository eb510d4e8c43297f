"""The manifest as it lies here, for what it made: its version, its jobs and rows, and its text without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.campaign.lock import FILE as LOCK
from eocanvas_apply.engine.definition import Campaigns
from eocanvas_apply.engine.inspection.git_commit import git_commit
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.shown_lines import shown_text
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.report.provenance.described_job import DefinedJob
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.secrets.published_text import published_text

_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s,{}\[\]#]+)"""
_ACCOUNTS = re.compile(rf"""(^account:[ ]*|(?<=[\s{{,])["']?username["']?:[ ]*){_VALUE}""", re.MULTILINE)


def manifest_version(campaigns: Campaigns) -> ManifestVersion:
    """Return which version lies here: of the manifest, and of the files that it names. Blocks."""
    project = campaigns.project
    digests = {project.files.label(name): each for name, each in project.loaded.digests.items()}
    digests |= dict.fromkeys([*campaigns.documents.files, *campaigns.expansion.files], "")
    if project.lock_file.text:
        digests[LOCK] = ""
    contents = _contents(project.boundary, digests)
    found = git_commit(project.folder, contents)
    files = {name: each.removeprefix("sha256:") for name, each in digests.items() if each}
    if found is None:
        return ManifestVersion(files)
    return ManifestVersion(files, found.commit, found.modified, found.repository)


def _contents(boundary: Boundary, names: Mapping[str, str]) -> dict[str, bytes]:
    """Return the contents of files by their paths; of one that is not here any more nothing."""
    contents: dict[str, bytes] = {}
    for name in names:
        contents[PurePath(name).as_posix()] = b""
        with suppress(OSError), boundary.open(boundary.folder / name) as file:
            contents[PurePath(name).as_posix()] = file.read()
    return contents


def defined_jobs(desired: Desired, recorded: Recorded) -> dict[str, DefinedJob]:
    """Return what the manifest says of each job now; those before others in a pipeline as they were launched."""
    jobs = as_launched(desired, recorded).jobs.values()
    return {job.address: DefinedJob(job.fields, job.fingerprint, job.document_file) for job in jobs}


def manifest_texts(campaigns: Campaigns) -> dict[str, str]:
    """Return the texts of a manifest by the names of their files, as they may be published.

    They are without secrets, and without the names of accounts.
    """
    loaded = campaigns.project.loaded
    texts = {PurePath(name).name: shown_text(mask) for name, mask in loaded.masks.items()}
    return {name: _ACCOUNTS.sub(r"\1***", published_text(text)) for name, text in texts.items() if text}

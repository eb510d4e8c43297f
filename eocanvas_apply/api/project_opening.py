"""Opening the project of a manifest, with the service or without."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from eocanvas_apply.api import parameters
from eocanvas_apply.api.manifest_files import opened
from eocanvas_apply.api.offline import OfflineProject
from eocanvas_apply.api.parameters import ManifestPath
from eocanvas_apply.api.project import AsyncProject
from eocanvas_apply.engine.opening import find_settings, ledger_setting, timing_overrides


def aopen(
    path: ManifestPath = "eocanvas.yaml",
    env: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    allow_paths: Iterable[str | os.PathLike[str]] = (),
    policy: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> AsyncProject:
    """Open the project of a manifest, for `async with`; the methods are those of `open`, to be awaited.

    `path` is a file, a folder of several `*.eocanvas.yaml`, or a list of them, each laid over those before it.
    Credentials, service and ledger are found as the command line finds them (HDA_USER and HDA_PASSWORD, ~/.hdarc,
    EOCANVAS_URL, EOCANVAS_APPLY_LEDGER, ...). `variables` win over the defaults in `vars`. `allow_paths` are folders
    outside of the manifest's where it may name files and download folders, beside those that the settings allow.
    `policy` is the file of a policy, in place of EOCANVAS_APPLY_POLICY.
    `env` names the environment of the manifest that holds, which has a ledger of its own.
    With `offline` it can only plan, as `eocanvas-apply plan --offline` does: from manifest, lock and ledger, without
    credentials; nothing is sent, no secret is read, nothing runs. Any other question raises UsageError.
    Nothing is sent before the first question.
    Raises ManifestError, CredentialsError and UsageError.
    """
    parameters.flags(offline=offline)
    definition = opened(path, env, variables, allow_paths, policy)
    if offline:
        return OfflineProject(definition, ledger_setting(os.environ), timing_overrides(os.environ))
    return AsyncProject(definition, find_settings(os.environ))

"""What is known of a manifest's file without asking the service: its definition, its manifest, its diagnostics."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from msgspec import structs

from eocanvas_apply.api import parameters
from eocanvas_apply.api.parameters import ManifestPath
from eocanvas_apply.checks.checking import adjusted
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.engine.definition import Definition, given_rows, offline_findings, open_project
from eocanvas_apply.engine.personal_settings import allowed_paths
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.loading import LoadedManifest, load_layers
from eocanvas_apply.manifest.loading import load as load_text
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest_sources import ManifestFiles
from eocanvas_apply.policy.named_policy import find_policy

_TEXT = re.compile(r"\s*\{|.*[\r\n]")


def opened(
    path: ManifestPath,
    env: str | None,
    variables: Mapping[str, str] | None,
    allow_paths: Iterable[str | os.PathLike[str]],
    policy: str | os.PathLike[str] | None,
) -> Definition:
    """Return the definition of a project under the policy that holds; raises ManifestError and UsageError."""
    limits = find_policy(None if policy is None else os.fspath(policy), os.environ)
    allowed = allowed_paths(parameters.paths("allow_paths", allow_paths), os.environ)
    chosen = parameters.environment(env)
    definition = open_project(
        parameters.manifest("path", path), parameters.variables(variables), allowed, environment=chosen
    )
    return structs.replace(definition, policy=limits)


def load(text_or_path: ManifestPath) -> Manifest:
    """Return the manifest of a file, of a folder of several `*.eocanvas.yaml`, of a list of them, or of a text.

    Of a list each one is laid over those before it.
    Files that it names are not read.

    A text is a str with a line break in it, or one that begins with `{`, such as JSON.
    Raises ManifestError with all findings in `diagnostics`.
    """
    if isinstance(text_or_path, str) and _TEXT.match(text_or_path):
        return _required(load_text(text_or_path, "<text>"))
    files = ManifestFiles.named(*parameters.manifest("text_or_path", text_or_path))
    return _required(load_layers(files.read(allowed_paths((), os.environ))))


def _required(loaded: LoadedManifest) -> Manifest:
    """Return the manifest; raises ManifestError where a diagnostic is an error by the severities that it sets."""
    if loaded.manifest is None:
        return loaded.require()
    return dataclasses.replace(loaded, diagnostics=tuple(adjusted(loaded.diagnostics, loaded.manifest))).require()


def validate(
    path: ManifestPath = "eocanvas.yaml",
    variables: Mapping[str, str] | None = None,
    *,
    env: str | None = None,
    allow_paths: Iterable[str | os.PathLike[str]] = (),
    policy: str | os.PathLike[str] | None = None,
) -> list[Diagnostic]:
    """Return everything that `eocanvas-apply validate` says of a manifest and the files it names, without network.

    `path` is a file, a folder of several `*.eocanvas.yaml`, or a list of them, each laid over those before it.
    `env` names the environment of the manifest that holds.
    An empty list means that nothing is wrong; nothing is raised for what is. Raises UsageError for a variable that the
    manifest does not declare.
    """
    try:
        campaigns = given_rows(opened(path, env, variables, allow_paths, policy), datetime.now(UTC))
        return [*campaigns.refusals, *offline_findings(campaigns)]
    except ManifestError as fault:
        return list(fault.diagnostics)

"""What a policy refuses of a manifest, whatever the plan is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.model.keys import ExistingKey
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.manifest.substitution import Template
from eocanvas_apply.policy.policy_file import PolicyFile
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, SecretReference

_GRAVITY = [Severity.INFO, Severity.WARNING, Severity.ERROR]
_Found = Iterator[tuple[Diagnostic, Path]]


def manifest_refusals(
    policy: PolicyFile, loaded: LoadedManifest, instances: Mapping[str, Sequence[Instance]], files: Iterable[str]
) -> tuple[Diagnostic, ...]:
    """Return all that the policy refuses of a manifest with its rows; `files` are those that it names, as written."""
    manifest = loaded.manifest
    if manifest is None:
        return ()
    placed = (*_keys(policy, manifest), *_secrets(policy, manifest), *_checks(policy, manifest))
    jobs = (each for name, job in manifest.jobs.items() for each in _job(policy, name, job, instances.get(name, ())))
    return (*(loaded.place(found, path) for found, path in (*placed, *jobs)), *_reads(policy, files))


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of the patterns stands for a text."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def words(patterns: Sequence[str]) -> str:
    """Return patterns for a message."""
    return ", ".join(patterns) or "none"


def _within(path: str, patterns: Sequence[str]) -> bool:
    plain = posixpath.normpath(path)
    below = (f"{posixpath.normpath(pattern)}/*" for pattern in patterns)
    if plain == ".." or plain.startswith("../"):
        # `*` stands for no way out.
        return any(pattern.startswith("..") and matches(plain, (pattern, f"{pattern}/*")) for pattern in patterns)
    return matches(plain, (*map(posixpath.normpath, patterns), *below)) or "." in patterns


def _keys(policy: PolicyFile, manifest: Manifest) -> _Found:
    rules = policy.rules
    for name, key in manifest.keys.items():
        if isinstance(key, ExistingKey):
            continue
        config, address = key.plain_config(), f"key.{name}"
        for rule, field, patterns in (("buckets", "bucket", rules.buckets), ("endpoints", "endpoint", rules.endpoints)):
            if patterns is not None and field in config and not matches(config[field], patterns):
                what = f"{field} {config[field]!r} is not allowed"
                yield policy.refusal(rule, what, words(patterns), address), ("keys", name, field)
        if rules.expires_in is not None and key.expires_in > rules.expires_in:
            what = f"{format_duration(key.expires_in)} is too long a life of a key"
            found = policy.refusal("expires_in", what, f"at most {format_duration(rules.expires_in)}", address)
            yield found, ("keys", name, "expires_in")


def _secrets(policy: PolicyFile, manifest: Manifest) -> _Found:
    rules = policy.rules
    for name, key in manifest.keys.items():
        for field in () if isinstance(key, ExistingKey) else key.secret_names:
            reference: SecretReference = getattr(key, field)
            path, address = ("keys", name, field), f"key.{name}"
            kind = next(iter(type(reference).model_fields))
            if rules.secrets is not None and kind not in rules.secrets:
                what = f"secrets by {{{kind}: ...}} are not allowed"
                yield policy.refusal("secrets", what, words(rules.secrets), address), path
            variable = _variable(reference)
            if rules.environment is not None and variable and not matches(variable, rules.environment):
                what = f"the environment variable {variable} is not allowed"
                yield policy.refusal("environment", what, words(rules.environment), address), path
            if rules.reads is not None and (file := _file(reference)) and not _within(file, rules.reads):
                yield policy.refusal("reads", f"the file {file!r} is not allowed", words(rules.reads), address), path


def _variable(reference: SecretReference) -> str | None:
    named: Any = reference.file if isinstance(reference, FileReference) else reference
    return named.env if isinstance(named, EnvReference) else None


def _file(reference: SecretReference) -> str | None:
    named = getattr(reference, "file", None) or getattr(reference, "sops", None)
    return named if isinstance(named, str) else None


def _checks(policy: PolicyFile, manifest: Manifest) -> _Found:
    locked = policy.rules.locked_codes
    if locked is None:
        return
    places: list[tuple[Path, Mapping[str, Severity]]] = [(("checks",), manifest.checks)]
    places += [(("jobs", name, "checks"), job.checks) for name, job in manifest.jobs.items()]
    for path, checks in places:
        for code, chosen in checks.items():
            known = codes().get(code)
            if known and matches(code, locked) and _GRAVITY.index(chosen) < _GRAVITY.index(known.severity):
                what = f"the severity of {code} may not be lowered to {chosen}"
                yield policy.refusal("locked_codes", what, f"{known.severity} or graver"), (*path, code)


def _job(policy: PolicyFile, name: str, job: Job, instances: Sequence[Instance]) -> _Found:
    rules, address = policy.rules, f"job.{name}"
    if rules.processes is not None and not matches(job.process, rules.processes):
        what = f"the process {job.process} is not allowed"
        yield policy.refusal("processes", what, words(rules.processes), address), ("jobs", name)
    if rules.downloads is not None and job.output_key is None:
        written = job.download_folder or f"results/{name}"
        template = Template(written)
        folders = {str(template.fill(each.fields)) for each in instances} if template.fields else {written}
        outside = sorted(each for each in folders if not _within(each, rules.downloads))
        if outside:
            what = f"results may not go to {outside[0]!r}"
            yield policy.refusal("downloads", what, words(rules.downloads), address), ("jobs", name, "output")


def _reads(policy: PolicyFile, files: Iterable[str]) -> Iterator[Diagnostic]:
    patterns = policy.rules.reads
    for file in () if patterns is None else sorted(files):
        if not _within(file, patterns or ()):
            yield policy.refusal("reads", f"the file {file!r} is not allowed", words(patterns or ()))

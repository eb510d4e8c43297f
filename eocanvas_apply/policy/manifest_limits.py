"""What a policy refuses of a manifest, whatever the plan is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.checks.codes import codes
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.policy.job_limits import job_refusals
from eocanvas_apply.policy.key_limits import key_refusals, secret_refusals
from eocanvas_apply.policy.patterns import matches, matches_file, matches_host, words
from eocanvas_apply.policy.policy_file import PolicyFile

_GRAVITY = [Severity.INFO, Severity.WARNING, Severity.ERROR]


def manifest_refusals(
    policy: PolicyFile,
    loaded: LoadedManifest,
    instances: Mapping[str, Sequence[Instance]],
    files: Iterable[str],
    boundary: Boundary,
) -> tuple[Diagnostic, ...]:
    """Return all that the policy refuses of a manifest with its rows; `files` are those that it names, as written."""
    manifest = loaded.manifest
    if manifest is None:
        return ()
    placed = [*key_refusals(policy, manifest, boundary), *_checks(policy, manifest)]
    placed += _web_hooks(policy, manifest, boundary)
    for name, job in manifest.jobs.items():
        placed += job_refusals(policy, name, job, instances.get(name, ()), boundary)
    return (*(loaded.place(found, path) for found, path in placed), *_reads(policy, files, boundary))


def _checks(policy: PolicyFile, manifest: Manifest) -> Iterator[tuple[Diagnostic, Path]]:
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


def _web_hooks(policy: PolicyFile, manifest: Manifest, boundary: Boundary) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield what is refused of web hooks; the host of an address that is a secret is judged when it is called."""
    hosts = policy.rules.hosts
    for number, hook in enumerate(manifest.notify):
        path: Path = ("notify", number)
        if hosts is not None and isinstance(hook.url, str) and not matches_host(hook.url, hosts):
            yield policy.refusal("hosts", "the host of this web hook is not allowed", words(hosts)), (*path, "url")
        for at, reference in hook.references:
            yield from secret_refusals(policy, (*path, *at), reference, boundary)


def _reads(policy: PolicyFile, files: Iterable[str], boundary: Boundary) -> Iterator[Diagnostic]:
    patterns = policy.rules.reads
    for file in () if patterns is None else sorted(files):
        if not matches_file(file, patterns or (), boundary):
            yield policy.refusal("reads", f"the file {file!r} is not allowed", words(patterns or ()))

"""What a policy refuses of keys: what they open, how long, for whom, and where their secrets come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.model.keys import ExistingKey, ManagedKey
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.policy.patterns import matches, matches_address, matches_bucket, matches_file, words
from eocanvas_apply.policy.policy_file import PolicyFile
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, SecretReference
from eocanvas_apply.vocabulary import StorageType

Found = Iterator[tuple[Diagnostic, Path]]


def key_refusals(policy: PolicyFile, manifest: Manifest, boundary: Boundary) -> Found:
    """Yield what the policy refuses of the keys of a manifest, each with its place."""
    for name, key in manifest.keys.items():
        if isinstance(key, ExistingKey):
            yield from _existing(policy, name, key)
        else:
            yield from _managed(policy, name, key)
            for field in key.secret_names:
                yield from secret_refusals(policy, ("keys", name, field), getattr(key, field), boundary, f"key.{name}")


def _existing(policy: PolicyFile, name: str, key: ExistingKey) -> Found:
    rules, path = policy.rules, ("keys", name, "name")
    if rules.existing_keys is not None:
        if not matches(key.name, rules.existing_keys):
            what = f"the existing key {key.name!r} is not allowed"
            yield policy.refusal("existing_keys", what, words(rules.existing_keys), f"key.{name}"), path
        return
    # Nothing says what it opens, so that no other rule could be kept with it.
    limits = {"buckets": rules.buckets if key.storage_type is StorageType.S3 else None, "endpoints": rules.endpoints}
    for rule, patterns in limits.items():
        if patterns is not None and "*" not in patterns:
            what = f"it is not known which of the {rule} the existing key {key.name!r} opens"
            allowed = f"{words(patterns)}, and an existing key only if `existing_keys` names it"
            yield policy.refusal(rule, what, allowed, f"key.{name}"), path


def _managed(policy: PolicyFile, name: str, key: ManagedKey) -> Found:
    rules, config, address = policy.rules, key.plain_config(), f"key.{name}"
    limits = (("buckets", "bucket", matches_bucket), ("endpoints", "endpoint", matches_address))
    for rule, field, is_matched in limits:
        patterns = getattr(rules, rule)
        if patterns is not None and field in config and not is_matched(config[field], patterns):
            what = f"{field} {config[field]!r} is not allowed"
            yield policy.refusal(rule, what, words(patterns), address), ("keys", name, field)
    if rules.expires_in is not None and key.expires_in > rules.expires_in:
        what = f"{format_duration(key.expires_in)} is too long a life of a key"
        found = policy.refusal("expires_in", what, f"at most {format_duration(rules.expires_in)}", address)
        yield found, ("keys", name, "expires_in")
    if rules.shared is False and key.shared:
        what = "`shared: true` lets every user of the service use this key"
        yield policy.refusal("shared", what, "no shared keys", address), ("keys", name, "shared")


def secret_refusals(
    policy: PolicyFile, path: Path, reference: SecretReference, boundary: Boundary, address: str | None = None
) -> Found:
    """Yield what the policy refuses of a reference to a secret that stands at a path."""
    rules = policy.rules
    kind = next(iter(type(reference).model_fields))
    if rules.secrets is not None and kind not in rules.secrets:
        what = f"secrets by {{{kind}: ...}} are not allowed"
        yield policy.refusal("secrets", what, words(rules.secrets), address), path
    variable = _variable(reference)
    if rules.environment is not None and variable and not matches(variable, rules.environment):
        what = f"the environment variable {variable} is not allowed"
        yield policy.refusal("environment", what, words(rules.environment), address), path
    if rules.reads is not None and (file := _file(reference)) and not matches_file(file, rules.reads, boundary):
        yield policy.refusal("reads", f"the file {file!r} is not allowed", words(rules.reads), address), path


def _variable(reference: SecretReference) -> str | None:
    named: Any = reference.file if isinstance(reference, FileReference) else reference
    return named.env if isinstance(named, EnvReference) else None


def _file(reference: SecretReference) -> str | None:
    named = getattr(reference, "file", None) or getattr(reference, "sops", None)
    return named if isinstance(named, str) else None

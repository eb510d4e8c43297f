"""The file of a policy. One that cannot be read stops everything: it never counts as no policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.diagnostics import Diagnostic, Severity, did_you_mean, error, one_of
from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import read_own
from eocanvas_apply.manifest.validation.meaning import value_at
from eocanvas_apply.manifest.validation.structure import value_fault
from eocanvas_apply.policy.patterns import matches
from eocanvas_apply.policy.policy_model import Policy


class PolicyFile(Struct, frozen=True):
    """A policy with its text."""

    rules: Policy
    text: YamlText

    def refusal(self, rule: str, what: str, allowed: str, address: str | None = None) -> Diagnostic:
        """Return what a rule refuses, with what it allows and its place in the policy."""
        at = self.text.locate((rule,))
        hint = f"the policy allows {allowed} ({at.file}:{at.line}); the manifest cannot change that"
        return error("policy", f"policy rule `{rule}`: {what}", hint, address=address)


def read_policy(file: Path, named_by: str = "policy") -> PolicyFile:
    """Read a policy; raises ManifestError with all its faults at their lines. `named_by` begins those of the file."""
    try:
        source = read_own(str(file), Path())
    except ManifestError as fault:
        found = fault.diagnostics[0]
        raise ManifestError(replace(found, message=f"{named_by}: {found.message}")) from None
    text = YamlText.parse(source, str(file))
    if text.faults:
        # A value that programs read differently must not decide what is allowed.
        raise ManifestError(*(replace(each, severity=Severity.ERROR) for each in text.faults))
    if not isinstance(text.data, dict):
        found = error("not-a-mapping", "a policy is a mapping of its rules", "begin with `version: 1`")
        raise ManifestError(found.at(text.locate(())))
    faults = [*_empty(text, text.data)]
    try:
        rules = Policy.model_validate(text.data)
    except ValidationError as problem:
        raise ManifestError(*faults, *_faults(problem, text)) from None
    if faults := [*faults, *_without_use(rules, text)]:
        raise ManifestError(*faults)
    return PolicyFile(rules, text)


def _empty(text: YamlText, data: Mapping[str, Data]) -> Iterator[Diagnostic]:
    for name in (name for name, value in data.items() if value is None and name in Policy.model_fields):
        hint = "write what it allows, [] for nothing, or remove it"
        yield error("empty-field", f"the rule `{name}` is empty", hint).at(text.locate((name,)))


def _without_use(rules: Policy, text: YamlText) -> Iterator[Diagnostic]:
    """Yield patterns that can stand for nothing: who wrote them means another one, and relies on it."""
    for number, pattern in enumerate(rules.locked_codes or ()):
        if not any(matches(code, (pattern,)) for code in codes()):
            hint = did_you_mean(pattern, codes()) or "`eocanvas-apply explain` lists the codes"
            found = error("bad-value", f"`locked_codes`: no diagnostic code is like {pattern!r}", hint)
            yield found.at(text.locate(("locked_codes", number)))
    for number, pattern in enumerate(rules.endpoints or ()):
        if pattern != "*" and "://" not in pattern:
            found = error("bad-value", f"`endpoints`: {pattern!r} names no protocol", f"write https://{pattern}")
            yield found.at(text.locate(("endpoints", number)))
    for number, pattern in enumerate(rules.hosts or ()):
        if "/" in pattern or "@" in pattern:
            found = error("bad-value", f"`hosts`: {pattern!r} is not a host", "write the host alone: data.example.org")
            yield found.at(text.locate(("hosts", number)))


def _faults(problem: ValidationError, text: YamlText) -> Iterator[Diagnostic]:
    for each in problem.errors(include_url=False, include_input=False):
        path = tuple(part for part in each["loc"] if not str(part).startswith("<"))
        if each["type"] == "extra_forbidden":
            name = str(path[-1])
            hint = did_you_mean(name, Policy.model_fields) or f"the rules are {one_of([*Policy.model_fields][1:])}"
            yield error("unknown-field", f"there is no rule {name!r} in a policy", hint).at(text.locate_key(path))
        elif each["type"] == "missing":
            yield error("missing-field", f"`{path[-1]}` is missing", "write `version: 1`").at(text.locate(()))
        elif (value := value_at(text.data, path)) is not None or len(path) > 1:
            where = ".".join(map(str, path))
            yield value_fault(each["type"], where, each.get("ctx", {}), each["msg"], value).at(text.locate(path))

"""The file of a policy. One that cannot be read stops everything: it never counts as no policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import read_own
from eocanvas_apply.policy.policy_model import Policy

VARIABLE = "EOCANVAS_APPLY_POLICY"


@dataclass(frozen=True)
class PolicyFile:
    """A policy with its text."""

    rules: Policy
    text: YamlText

    def refusal(self, rule: str, what: str, allowed: str, address: str | None = None) -> Diagnostic:
        """Return what a rule refuses, with what it allows and its place in the policy."""
        at = self.text.locate((rule,))
        hint = f"the policy allows {allowed} ({at.file}:{at.line}); the manifest cannot change that"
        return error("policy", f"policy rule `{rule}`: {what}", hint, address=address)


def find_policy(given: str | None, environ: Mapping[str, str]) -> PolicyFile | None:
    """Return the policy of a path, else of EOCANVAS_APPLY_POLICY, None where neither is set; raises ManifestError."""
    # An option without a path, as of a variable of a script that is not set, must not count as no policy.
    named = given if given is not None else environ.get(VARIABLE) or None
    return None if named is None else read_policy(Path(named))


def read_policy(file: Path) -> PolicyFile:
    """Read a policy; raises ManifestError with all its faults at their lines."""
    text = YamlText.parse(read_own(str(file), Path()), str(file))
    if text.faults:
        raise ManifestError(*text.faults)
    if not isinstance(text.data, dict):
        found = error("not-a-mapping", "a policy is a mapping of its rules", "begin with `version: 1`")
        raise ManifestError(found.at(text.locate(())))
    if empty := [name for name, value in text.data.items() if value is None]:
        hint = "write what it allows, [] for nothing, or remove it"
        raise ManifestError(
            *(error("empty-field", f"the rule `{n}` is empty", hint).at(text.locate((n,))) for n in empty)
        )
    try:
        return PolicyFile(Policy.model_validate(text.data), text)
    except ValidationError as problem:
        raise ManifestError(*_faults(problem, text)) from None


def _faults(problem: ValidationError, text: YamlText) -> Iterator[Diagnostic]:
    for each in problem.errors(include_url=False, include_input=False):
        path = tuple(part for part in each["loc"] if not str(part).startswith("<"))
        if each["type"] == "extra_forbidden":
            hint = did_you_mean(str(path[-1]), Policy.model_fields)
            found = error("unknown-field", f"there is no rule {str(path[-1])!r} in a policy", hint)
            yield found.at(text.locate_key(path))
        elif each["type"] == "missing":
            yield error("missing-field", f"`{path[-1]}` is missing", "write `version: 1`").at(text.locate(()))
        else:
            yield error("bad-value", f"`{'.'.join(map(str, path))}`: {each['msg']}").at(text.locate(path))

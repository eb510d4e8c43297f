"""Fields about the instances of a campaign: nothing in a job that has no rows, nor for a row that is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.validation.references import Finding, mapping_at

_OF_INSTANCES = {
    "skip": "a job that shall not run is taken out of the manifest",
    "canary": "take it out: a single job has nothing to send ahead",
    "stop_after": "take it out: `retries` says how often a single job is tried again",
}
# Among more names than this the one that somebody meant takes too long to find.
_MOST_NAMES = 5000


def without_rows(data: Data) -> Iterator[Finding]:
    """Yield each field about instances in a job that has none."""
    for name, job in mapping_at(data, "jobs").items():
        fields = mapping_at(job)
        for field, hint in _OF_INSTANCES.items():
            if field in fields and "for_each" not in fields:
                message = f"`{field}` is about the instances of a campaign, and `{name[:60]}` has no for_each"
                yield error("needs-for-each", message, hint), ("jobs", name, field)


def skipped_without_row(job: str, skip: Mapping[str, str], ids: Sequence[str]) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield each id under `skip:` that no instance of the campaign has."""
    known = frozenset(ids)
    for written in skip:
        if written not in known:
            near = did_you_mean(written, ids) if len(ids) <= _MOST_NAMES else ""
            hint = near or "nothing is skipped by it; take it out when its row is gone for good"
            yield (
                warning("skip-without-row", f"no row of `{job}` is called `{written[:60]}`", hint),
                ("jobs", job, "skip", written),
            )

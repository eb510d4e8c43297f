"""Warnings beside a plan: keys granted for less time, files that changed, jobs that ran twice, results lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, info, warning
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.findings.killed_regions import killed_regions
from eocanvas_apply.planning.findings.process_versions import process_warnings
from eocanvas_apply.planning.keys.comparison import sealed_secrets
from eocanvas_apply.planning.keys.needs import granted_life
from eocanvas_apply.planning.moves import moves_left
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import DownloadState, FileState, Observed
from eocanvas_apply.planning.state.runs import counted_run, sorted_out, status_of

# The service stamps in whole seconds: a grant is capped only where it falls short by more than that.
_ROUNDING_S = 2
_RESULTS_GONE = Reason.RESULTS_GONE


def warnings(
    desired: Desired, recorded: Recorded, observed: Observed, jobs: Iterable[PlannedAction]
) -> tuple[Diagnostic, ...]:
    """Return the warnings of a plan with these actions of jobs."""
    return (
        *observed.irregular,
        *moves_left(desired, recorded),
        *_unknown_statuses(observed),
        *process_warnings(desired, recorded, observed, jobs),
        *_sealing_key(recorded, observed),
        *_other_pepper(desired, recorded, observed),
        *_capped(desired, recorded),
        *_files(recorded, observed),
        *_unknown_orders(observed),
        *_duplicates(desired, recorded, observed),
        *_lost_results(recorded, jobs),
        *killed_regions(desired, recorded, jobs),
    )


def _sealing_key(recorded: Recorded, observed: Observed) -> Iterator[Diagnostic]:
    """Yield that the service shows another public key than the one that the last key was sealed under."""
    made = [g.intended for record in recorded.keys.values() for g in record.generations.values() if g.intended]
    sealed = [intended for intended in made if intended.sealing_key]
    last = max(sealed, key=lambda intended: intended.send_before, default=None)
    if last and observed.sealing and observed.sealing.digest != last.sealing_key:
        since = f"{last.send_before:%Y-%m-%d %H:%M} UTC"
        what = f"the service's public key has changed: sha256:{observed.sealing.digest}"
        what += f"; {last.name} was sealed under sha256:{last.sealing_key} ({since})"
        hint = (
            "new keys are sealed under it; if this was not announced, ask the service, or refuse every other key with "
        )
        yield warning("sealing-key-changed", what, hint + "--require-sealing-key SHA256")


def _other_pepper(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[Diagnostic]:
    """Yield, once, that the fingerprints of secrets cannot be compared with those that can be made here."""
    known = {address for address, _ in observed.secrets} | observed.unreadable.keys()
    own = [address for address, key in desired.keys.items() if key.secrets]
    sealed = [a for a in own if (r := recorded.keys.get(a)) and r.current and sealed_secrets(r.current)]
    unknown = [address for address in sealed if address not in known]
    if unknown:
        which = unknown[0] if len(unknown) == 1 else f"{len(unknown)} keys ({unknown[0]} and others)"
        what = f"whether the secrets of {which} have changed is not known: "
        what += "they were recorded with another pepper, or by a later release"
        hint = "set EOCANVAS_APPLY_PEPPER to its value of then; the keys are left as they are"
        yield warning("secret-pepper", what, hint)


def _capped(desired: Desired, recorded: Recorded) -> Iterator[Diagnostic]:
    for address in desired.keys:
        record = recorded.keys.get(address)
        current = record.current if record else None
        if current is None or current.created is None or current.created.expires is None or not current.intended:
            continue
        granted, asked = granted_life(current).total_seconds(), current.intended.expire_s
        if granted + _ROUNDING_S < asked:
            what = f"the service granted {granted:.0f} s of the {asked} s asked for"
            yield warning("key-lifetime-capped", what, "it is renewed in time; nothing to do", address=address)


def _files(recorded: Recorded, observed: Observed) -> Iterator[Diagnostic]:
    for record, run in recorded.runs() if observed.files else ():
        for stored in run.stored.values():
            state = observed.files.get(stored.file)
            if state and state is not FileState.ELSEWHERE and not record.forgotten:
                what = "is gone" if state is FileState.MISSING else "is not what was fetched"
                hint = "it is left as it is; eocanvas-apply results --refetch fetches it again"
                yield warning(f"result-{state}", f"{stored.file} {what}", hint, address=record.address)
    count = sum(state is FileState.ELSEWHERE for state in observed.files.values())
    if count:
        what = f"{count} stored {'result is' if count == 1 else 'results are'} not in this folder"
        yield info("results-elsewhere", what, "eocanvas-apply results --fetch brings what another machine stored")


def _unknown_statuses(observed: Observed) -> Iterator[Diagnostic]:
    shown = [job for job_id in sorted(observed.unclear) if (job := observed.jobs.jobs.get(job_id))]
    if shown:
        jobs = "1 job" if len(shown) == 1 else f"{len(shown)} jobs"
        what = f"the service shows a status of {jobs} that is not known: {shown[0].status!r} of {shown[0].job_id}"
        hint = "It counts as running; a run waits an hour for a status that is known, and the next run looks again."
        yield warning("job-status-unknown", what, hint)


def _unknown_orders(observed: Observed) -> Iterator[Diagnostic]:
    count = sum(each.state is DownloadState.UNKNOWN for each in observed.downloads.values())
    if count:
        which = "the order of a product stands" if count == 1 else f"{count} orders of products stand"
        what = f"the HDA does not say how {which}"
        hint = "launches that need them wait; the next look asks again; eocanvas-apply plan -v shows its answers"
        yield warning("orders-unknown", what, hint)


def _lost_results(recorded: Recorded, actions: Iterable[PlannedAction]) -> Iterator[Diagnostic]:
    for action in actions:
        if action.row.reason is _RESULTS_GONE and (run := counted_run(recorded.jobs[action.address])):
            yield replace(results_gone(action.address, run), severity=Severity.WARNING)


def results_gone(address: str, run: Run) -> Diagnostic:
    """Return what there is to say of a job whose results are not to be had any more."""
    what = f"job {run.job_id}: {len(run.pending)} of {len(run.results or ())} listed results are not here"
    since = f"the service does not have them since {min(run.lost):%Y-%m-%d %H:%M} UTC"
    hint = f"the service keeps results for a limited time; apply --relaunch {typed(address)} runs the job again"
    return error("results-gone", f"{what}, and {since}", hint, address=address)


def _duplicates(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[Diagnostic]:
    # Only a launch that was given up before another one can leave a duplicate.
    several = {address for address, record in recorded.jobs.items() if len(record.intents) > 1}
    for address in desired.jobs if several else ():
        _, duplicates = sorted_out(recorded.jobs[address], observed.jobs.jobs) if address in several else (None, [])
        for run in duplicates:
            status = status_of(run, observed.jobs.jobs)
            what = f"the service ran this job twice: {run.job_id} ({status}) is the duplicate"
            hint = "a launch that was given up was carried out after all; the older job counts"
            yield warning("job-duplicated", what, hint, address=address)

"""eocanvas-apply: storage keys and processing jobs of WEkEO's EOCanvas, from a manifest, through a plan.

Five sentences rule the code, and `tests/test_architecture.py` reads the imports to hold them:

1. Planning is a pure function of (desired, requests, recorded, observed, now); it does no I/O.
2. Only `applying/` changes the service; it decides nothing, the plan says what happens.
3. What is about to be done is on record, durably, before it is done.
4. A secret is never a value in a plan, a ledger, a diff, a log line, an error or a temporary file.
5. The core and the exceptions never print; words for people live in `render/`, and `cli/` wires and writes.
"""

from __future__ import annotations

# As typing's, which would cost more to import than the whole of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from eocanvas_apply.api.blocking import Project, open  # noqa: A004  # as eoc.open
    from eocanvas_apply.api.manifest_files import load, validate
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.project_opening import aopen
    from eocanvas_apply.api.results import Result, Results
    from eocanvas_apply.api.values import ApplyResult, Plan, Progress, Status, build_plan
    from eocanvas_apply.diagnostics import Diagnostic, Severity
    from eocanvas_apply.engine.saved_plans import read_plan
    from eocanvas_apply.errors import (
        CredentialsError,
        EocanvasApplyError,
        LedgerError,
        ManifestError,
        PlanStale,
        SafetyRefusal,
        ServiceError,
        UsageError,
    )
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.manifest.model.manifest import Manifest
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.planning.plan import Requests
    from eocanvas_apply.planning.saved_plan import SavedPlan
    from eocanvas_apply.planning.state.observed import Observed

__version__ = "0.1.0"
# Every public name, by the module that holds it: nothing of it is imported before it is used.
_HOME = {
    "api.blocking": "Project open",
    "api.manifest_files": "load validate",
    "api.project": "AsyncProject",
    "api.project_opening": "aopen",
    "api.results": "Result Results",
    "api.values": "ApplyResult Plan Progress Status build_plan",
    "diagnostics": "Diagnostic Severity",
    "engine.saved_plans": "read_plan",
    "errors": "CredentialsError EocanvasApplyError LedgerError ManifestError PlanStale SafetyRefusal ServiceError "
    "UsageError",
    "ledger.fold.recorded": "Recorded",
    "manifest.model.manifest": "Manifest",
    "planning.desired.desired": "Desired",
    "planning.plan": "Requests",
    "planning.saved_plan": "SavedPlan",
    "planning.state.observed": "Observed",
}
# Written out once more, for type checkers read no other form.
__all__ = ["ApplyResult", "AsyncProject", "CredentialsError", "Desired", "Diagnostic", "EocanvasApplyError"]
__all__ += ["LedgerError", "Manifest", "ManifestError", "Observed", "Plan", "PlanStale", "Progress", "Project"]
__all__ += ["Recorded", "Requests", "Result", "Results", "SafetyRefusal", "SavedPlan", "ServiceError", "Severity"]
__all__ += ["Status", "UsageError", "aopen", "build_plan", "load", "open", "read_plan", "validate"]

if not TYPE_CHECKING:  # a type checker would take any name for a public one

    def __getattr__(name: str) -> object:
        from importlib import import_module

        for module, names in _HOME.items():
            if name in names.split():
                return getattr(import_module(f"eocanvas_apply.{module}"), name)
        raise AttributeError(f"module 'eocanvas_apply' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]

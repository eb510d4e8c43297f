"""Plans to render, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.plan import Forecast, Origin, Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
ORIGIN = Origin("baltic", "https://gateway.prod.wekeo2.eu/serverless", "jane", "sha256:" + "0" * 64, "1f" * 16, 17)
_A, _R = ActionKind, Reason

MIXED = (
    PlannedAction.of("key.new", _A.CREATE, _R.NEW),
    PlannedAction.of(
        "key.scenes",
        _A.REPLACE,
        _R.CONFIG_CHANGED,
        (Change("bucket", "a", "b"), Change("secret_key", sensitive=True), Change("region", None, "x" * 201)),
    ),
    PlannedAction.of("key.calm", _A.NONE, _R.UNCHANGED),
    PlannedAction.of(
        "job.again", _A.RELAUNCH, _R.DEFINITION_CHANGED, (Change("params.aoi", "p", "q"),), ("key.scenes",)
    ),
    PlannedAction.of("job.asked", _A.ASK, _R.AMBIGUOUS),
    PlannedAction.of("job.broken", _A.NONE, _R.FAILED),
    PlannedAction.of("job.later", _A.LAUNCH, _R.NEW, not_before=datetime(2026, 11, 23, 5, 0, tzinfo=UTC)),
    PlannedAction.of("key.old#1", _A.DELETE, _R.SUPERSEDED),
)


def plan(*actions: PlannedAction, forecast: Forecast | None = None) -> Plan:
    return Plan(ORIGIN, NOW, actions, forecast=forecast or Forecast())

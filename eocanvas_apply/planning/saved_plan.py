"""A saved plan: what was reviewed, as a file, and whether it still holds. It holds no secret.

The file is JSON with the version of its form. One of a newer version is refused, for what it says besides may matter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, convert, field, to_builtins
from msgspec.structs import fields

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.plan import Forecast, Origin, Plan, PlannedAction, Requests, WindowState
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.safety import NEW_PLAN, changed_manifest, other_departures
from eocanvas_apply.planning.tasks import ReadTask

VERSION = (1, 1)
_HOW = "`eocanvas-apply plan --out FILE` writes one"


class SavedAction(Struct, frozen=True, omit_defaults=True):
    """An action as it is saved; `orders` are the products that it orders, None where it has no task."""

    address: str
    action: ActionKind
    reason: Reason
    changes: tuple[Change, ...] = ()
    depends_on: tuple[str, ...] = ()
    not_before: datetime | None = None
    note: str = ""
    awaits: tuple[str, ...] = ()
    runs_again: Reason | None = None
    ended: bool = False
    complete: bool = False
    goes_later: Reason | None = None
    orders: tuple[str, ...] | None = None

    @classmethod
    def of(cls, planned: PlannedAction) -> SavedAction:
        """Return what is saved of an action."""
        kept = {each.name: getattr(planned, each.name) for each in fields(cls) if each.name != "orders"}
        return cls(**kept, orders=planned.orders if planned.task else None)

    def planned(self) -> PlannedAction:
        """Return the action, with what stands for its task."""
        kept = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "orders"}
        return PlannedAction.of(**kept, task=None if self.orders is None else ReadTask(self.orders))


class Asked(Struct, frozen=True, omit_defaults=True):
    """What was asked for beyond the manifest, as far as a plan is accepted with it."""

    destroy: bool = False
    relaunch: frozenset[str] = frozenset()
    retry_failed: bool = False
    allowed: frozenset[str] = frozenset()
    no_fetch: bool = False
    only: frozenset[str] | None = None
    limit: int | None = None
    sealing_key: str | None = None
    unprotected: frozenset[str] = frozenset()


class SecretPrints(Struct, frozen=True, omit_defaults=True):
    """Slow fingerprints of the secrets of keys under a salt of this plan alone, by key address and field."""

    salt: str
    prints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class SavedPlan(Struct, frozen=True, omit_defaults=True):
    """A plan with what was asked for, and what it was made from.

    `intents` are the last launches of the jobs to run again when it was made; `parts` digests of what the manifest's
    digest is made of, by words for it; `definitions` what is new, as text by address and field; `texts` graphs and
    chains that differ, by digest.
    """

    plan_id: str
    origin: Origin
    created: datetime
    actions: tuple[SavedAction, ...]
    diagnostics: tuple[Diagnostic, ...]
    refusals: tuple[Diagnostic, ...]
    forecast: Forecast
    windows: tuple[WindowState, ...]
    asked: Asked
    intents: Mapping[str, str | None]
    parts: Mapping[str, str]
    secrets: SecretPrints
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    moves: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        plan: Plan,
        requests: Requests,
        *,
        intents: Mapping[str, str | None],
        parts: Mapping[str, str],
        secrets: SecretPrints,
        definitions: Mapping[str, Mapping[str, str]],
    ) -> SavedPlan:
        """Return what is saved of a plan."""
        asked = Asked(**{each.name: getattr(requests, each.name) for each in fields(Asked)})
        return cls(
            plan_id=plan.plan_id,
            origin=plan.origin,
            created=plan.created,
            actions=tuple(map(SavedAction.of, plan.actions)),
            diagnostics=plan.diagnostics,
            refusals=plan.refusals,
            forecast=plan.forecast,
            windows=plan.windows,
            asked=asked,
            intents=intents,
            parts=parts,
            secrets=secrets,
            definitions=definitions,
            texts=plan.texts,
            moves=plan.moves,
        )

    @property
    def plan(self) -> Plan:
        """The plan as it was shown."""
        return Plan(
            origin=self.origin,
            created=self.created,
            actions=tuple(action.planned() for action in self.actions),
            diagnostics=self.diagnostics,
            refusals=self.refusals,
            forecast=self.forecast,
            windows=self.windows,
            definitions=self.definitions,
            texts=self.texts,
            moves=self.moves,
        )

    @property
    def requests(self) -> Requests:
        """What was asked for when it was made."""
        return Requests(**{each.name: getattr(self.asked, each.name) for each in fields(Asked)})

    def to_json(self) -> str:
        """Return the content of the file."""
        found = to_builtins(self)
        head = {"saved_plan": ".".join(map(str, VERSION)), "sha256": _digest(found)}
        return json.dumps(head | found, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, content: bytes, name: str) -> SavedPlan:
        """Read the content of a file; raises UsageError for another kind of file, a damaged one and a newer form."""
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            raise UsageError(_unreadable(name, "is not a saved plan", _HOW)) from None
        if not isinstance(document, dict) or "saved_plan" not in document:
            raise UsageError(_other_document(name, document))
        if newer := _newer(version := document.pop("saved_plan")):
            raise UsageError(_unreadable(name, f"is a saved plan of the newer form {newer}", "update eocanvas-apply"))
        kept = document.pop("sha256", None)
        # Older forms had no digest of the whole.
        as_made = kept == _digest(document) or (kept is None and version != ".".join(map(str, VERSION)))
        try:
            saved = convert(document, cls)
            plan = saved.plan
        except (KeyError, ValueError):
            raise UsageError(_unreadable(name, "is a damaged saved plan", "plan again")) from None
        if plan.plan_id != saved.plan_id or not as_made:
            raise UsageError(_unreadable(name, "is a saved plan that was changed after it was made", "plan again"))
        return saved

    def departures(self, now: Plan, parts: Mapping[str, str], secrets: SecretPrints) -> tuple[Diagnostic, ...]:
        """Return why it does not hold any more, nothing where it does.

        `now` is a plan made anew with its requests, `parts` those of the manifest now, and `secrets` the fingerprints
        of the secrets now, under its salt.
        """
        if other := _other_environment(self.origin.environment, now.origin.environment):
            return (other,)
        # The parts say what of the manifest has changed, its digest only that.
        changed = tuple(_changed(self.parts, parts)) or changed_manifest(self.plan, now)
        return (*changed, *_other_secrets(self.secrets, secrets), *other_departures(self.plan, now))


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _other_environment(planned: str | None, now: str | None) -> Diagnostic | None:
    """Return that another environment was named than that of the plan, and how to name it."""
    if planned == now:
        return None
    what = f"the plan is for the environment {planned}" if planned else "the plan is for no environment"
    hint = f"name it: --env {planned}" if planned else f"leave out --env {now}"
    return error("plan-stale", what, hint)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield what of the manifest differs: files, variables, the lock."""
    for part in sorted(before.keys() | now.keys()):
        if before.get(part) != now.get(part):
            what = "is new" if part not in before else "is gone" if part not in now else "has changed"
            yield error("plan-stale", f"{part} {what} since the plan was made", NEW_PLAN)


def _other_secrets(planned: SecretPrints, now: SecretPrints) -> Iterator[Diagnostic]:
    for address, prints in planned.prints.items():
        shown = now.prints.get(address)
        if shown and shown != prints:
            # One fingerprint is of all secrets of a key together, so that it does not say which one.
            what = "the secrets are not those that the plan was made with"
            yield error("plan-stale", what, NEW_PLAN, address=address)
        elif not shown:
            what = "the secrets cannot be compared with those that the plan was made with"
            hint = "give the same secrets and the same EOCANVAS_APPLY_PEPPER, or look at a new plan"
            yield error("plan-stale", what, hint, address=address)


def _newer(version: Any) -> str:
    """Return the version of a form that is newer than ours, empty for ours and older ones."""
    try:
        found = tuple(map(int, str(version).split(".")))
    except ValueError:
        return str(version)
    return str(version) if found > VERSION else ""


def _other_document(name: str, document: Any) -> Diagnostic:
    if isinstance(document, dict) and document.get("command") == "plan":
        return _unreadable(name, "is the JSON of a plan for programs, and cannot be applied", _HOW)
    return _unreadable(name, "is not a saved plan", _HOW)


def _unreadable(name: str, what: str, hint: str) -> Diagnostic:
    return error("not-a-saved-plan", f"{name} {what}", hint)

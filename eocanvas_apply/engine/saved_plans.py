"""Saved plans: the file that `plan --out` writes, and the permission that it is."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.engine.permission import Permission
from eocanvas_apply.errors import ManifestError, PlanStale, UsageError
from eocanvas_apply.files import read_own, replace_output
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.safety import coverage
from eocanvas_apply.planning.saved_plan import SavedPlan, SecretPrints
from eocanvas_apply.secrets.fingerprints import scheme_of
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.vocabulary import SAVED_PLAN

_SALT_BYTES = 16


async def saved(
    engine: Engine,
    plan: Plan,
    requests: Requests,
    intents: Mapping[str, str | None],
    definitions: Mapping[str, Mapping[str, str]],
) -> SavedPlan:
    """Return what is saved of a plan of this engine; its secrets get slow fingerprints under a salt of their own."""
    salt = secrets.token_hex(_SALT_BYTES)
    prints = await asyncio.to_thread(_prints, engine.observer.vault, salt, {})
    return SavedPlan.of(
        plan, requests, intents=intents, parts=engine.parts, secrets=SecretPrints(salt, prints), definitions=definitions
    )


async def of_saved_plan(engine: Engine, plan: SavedPlan) -> Permission:
    """Return the permission that a saved plan is."""
    schemes = {
        address: scheme_of(next(iter(fields.values()))) for address, fields in plan.secrets.prints.items() if fields
    }
    prints = await asyncio.to_thread(_prints, engine.observer.vault, plan.secrets.salt, schemes)
    now = SecretPrints(plan.secrets.salt, prints)

    def check(first: Plan) -> None:
        if faults := plan.departures(first, engine.parts, now):
            raise PlanStale(*faults)

    return Permission(check, plan.plan_id, covers=coverage(plan.plan), intents=plan.intents)


def _prints(vault: Vault, salt: str, schemes: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (address, name), value in vault.fingerprints(bytes.fromhex(salt), schemes).items():
        found.setdefault(address, {})[name] = value
    return found


def read_plan(path: str | os.PathLike[str]) -> SavedPlan:
    """Return the plan that `eocanvas-apply plan --out PATH` or `project.save` wrote, to be shown or applied.

    Raises UsageError for a file that is none, that was changed, or that a newer version wrote.
    """
    file = os.fspath(path)
    try:
        content = read_own(file, Path())
    except ManifestError as fault:
        raise UsageError(*fault.diagnostics) from None
    return SavedPlan.parse(content, file)


def write_plan(file: Path, plan: SavedPlan) -> None:
    """Write a saved plan, all at once or not at all; raises UsageError."""
    try:
        replace_output(file, plan.to_json(), SAVED_PLAN)
    except OSError as fault:
        message = f"{file}: the plan cannot be written: {fault.strerror or fault}"
        raise UsageError(error("output", message, "name another file: --out FILE")) from fault

"""Carries out what of a plan is ready: keys first, then jobs, deletes last, independent things side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from eocanvas_apply.applying.existing_resources import ExistingResources
from eocanvas_apply.applying.key_creation import KeyCreator
from eocanvas_apply.applying.launches import Launcher
from eocanvas_apply.applying.orders import OrderKeeper
from eocanvas_apply.applying.results.downloads import Downloads
from eocanvas_apply.applying.session import Session, TooLate, at_once
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import DeleteKey


class Applier:
    """Carries out ready actions; what fails is kept in the session and keeps nothing else back. Downloads go on."""

    def __init__(self, session: Session, downloads: Downloads) -> None:
        self._session = session
        self._creator = KeyCreator(session)
        self._launcher = Launcher(session)
        self._orders = OrderKeeper(session)
        self._downloads = downloads

    async def carry_out(self, decided_on: int, ready: Sequence[PlannedAction]) -> None:
        """Carry out actions decided on this head of the ledger.

        Raises LedgerConflict when another run came between (plan again), LedgerError when nothing can be put on
        record, CredentialsError when the account is locked out.
        """
        for action in ready:
            self._session.begin(action.address)
        try:
            await self._carry_out(decided_on, ready)
        except TooLate:
            # The stop came between two claims: what was claimed is settled, the rest was never begun.
            return

    async def _carry_out(self, decided_on: int, ready: Sequence[PlannedAction]) -> None:
        settle = ExistingResources(self._session, decided_on).settle
        deletes = [partial(settle, action) for action in ready if isinstance(action.task, DeleteKey)]
        await self._creator.create(decided_on, ready)
        await at_once([partial(settle, action) for action in ready if not isinstance(action.task, DeleteKey)])
        await self._launcher.launch(decided_on, ready)
        await self._orders.order(decided_on, ready)
        self._downloads.start(ready)
        await at_once(deletes)

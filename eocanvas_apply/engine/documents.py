"""What changed inside a graph or chain since the job was launched."""

from __future__ import annotations

from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.planning.desired.document_texts import difference, kept_at, text_of
from eocanvas_apply.planning.state.runs import counted_definition


def document_difference(engine: Engine, address: str) -> tuple[str, ...]:
    """Return a diff of the launched document and the manifest's, line by line.

    Empty where they are equal, there is none, or the text was not kept on this machine.
    """
    wanted, record = engine.desired.jobs.get(address), engine.journal.recorded.jobs.get(address)
    intended = counted_definition(record)
    digest = intended.components.get("document") if intended else None
    if wanted is None or wanted.document is None or not digest or digest == wanted.document.digest:
        return ()
    try:
        before = (engine.observer.folder / kept_at(digest)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    return difference(before, text_of(wanted.document))

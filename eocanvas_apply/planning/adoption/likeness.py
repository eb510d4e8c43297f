"""How a job of the service agrees with a definition, as far as its log and its results show what it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.kept_text import text_of
from eocanvas_apply.documents.trace import LoggedRequest
from eocanvas_apply.ledger.event_values import KeyUse, ListedResult
from eocanvas_apply.planning.desired.desired_job import DesiredInput, DesiredJob
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.web_addresses import replaced_users

_KEYSTORE = "keystore://"
Names = Mapping[str, KeyUse]


class Likeness(Struct):
    """The components that a job was launched with; what is not shown is as the definition has it, and `unverified`.

    `keystores` are the physical keys that the log names, `documents` the texts of two graphs or chains that
    differ: that of the log, and that of the definition as it would be sent.
    """

    components: dict[str, Any]
    unverified: tuple[str, ...] = ()
    keystores: tuple[str, ...] = ()
    documents: tuple[str, str] | None = None

    def differs(self, **components: Any) -> None:
        """Take what is shown in place of what the definition has."""
        self.components |= components

    def is_unverified(self, what: str) -> None:
        """Note what is not shown."""
        self.unverified = (*self.unverified, what)


def likeness(
    job: DesiredJob, request: LoggedRequest | None, results: Sequence[ListedResult] | None, names: Names
) -> Likeness:
    """Compare a job with a definition; `names` says which addresses physical keys stand for."""
    found = Likeness(dict(job.components))
    if request is None:
        found.is_unverified("the service has no log of it: what it was given is taken from the manifest")
    elif job.document is None:
        found.is_unverified(f"the log does not show what {job.process} was given: it is taken from the manifest")
    else:
        _compare_document(job, request, found)
        _compare_inputs(job, request, names, found)
    _compare_output(job, results, names, found)
    return found


def _compare_document(job: DesiredJob, request: LoggedRequest, found: Likeness) -> None:
    wanted = job.document.fill(job.params) if isinstance(job.document, Graph) else job.document
    assert wanted is not None  # noqa: S101  # callers have looked
    shown = [document for document in request.documents if isinstance(document, type(wanted))]
    if any(document.digest == wanted.digest for document in shown):
        return
    if request.cut or not shown:
        kind = "graph" if isinstance(wanted, Graph) else "chain"
        found.is_unverified(f"the log does not show its {kind}: it is taken from the manifest")
        return
    found.differs(**{DOCUMENT: shown[0].digest}, params={})
    found.documents = text_of(shown[0]), text_of(wanted)


def _compare_inputs(job: DesiredJob, request: LoggedRequest, names: Names, found: Likeness) -> None:
    wanted = {given.name: given for given in job.inputs}
    lists = [shown for each in request.inputs if (shown := _by_name(each))]
    if not lists:
        if wanted:
            found.is_unverified("the log does not show its inputs: they are taken from the manifest")
        return
    shown = next((each for each in lists if each.keys() == wanted.keys()), lists[0])
    found.keystores = tuple(keystore for _, keystore in shown.values() if keystore)
    identities = {}
    for name, (location, keystore) in shown.items():
        identities[name], doubt = _as_launched(wanted.get(name), location, keystore, names)
        if doubt:
            found.is_unverified(f"input {name}: {doubt}")
    found.differs(inputs={name: identities[name] for name in (*(wanted.keys() & identities.keys()), *identities)})
    _compare_options(job, request, found)


def _by_name(given: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, str | None]]:
    """Return the location of each input of a list, and the physical key that opens it."""
    shown: dict[str, tuple[str, str | None]] = {}
    for each in given:
        keystore = each.get("schema", "").removeprefix(_KEYSTORE) or None
        shown |= {name: (location, keystore) for name, location in each.items() if name != "schema"}
    return shown


def _as_launched(
    wanted: DesiredInput | None, location: str, keystore: str | None, names: Names
) -> tuple[dict[str, str], str]:
    """Return the identity of an input as it was sent, and what of it cannot be verified."""
    if wanted is None:
        return _shown_identity(location, keystore, names), ""
    if wanted.result:
        return wanted.result.identity, f"its address does not show whether it is a result of {wanted.result.address}"
    if keystore is not None and wanted.key:
        doubt = "" if keystore in names else f"it was read with the key {keystore!r}, which the ledger does not know"
        return {"key": names[keystore].address if keystore in names else wanted.key, "path": location}, doubt
    if keystore is not None or wanted.key:
        return _shown_identity(location, keystore, names), ""
    if wanted.product:
        product = {"dataset": wanted.product.dataset_id, "product": wanted.product.id}
        return product, "the address of an order does not show which product it is"
    if location == wanted.location:
        return {"id": wanted.identity} if wanted.identity else {"url": location}, ""
    if wanted.identity:
        return {"id": wanted.identity}, f"another address is taken for the same file, its id {wanted.identity}"
    return _shown_identity(location, None, names), ""


def _shown_identity(location: str, keystore: str | None, names: Names) -> dict[str, str]:
    if keystore is not None:
        return {"key": names[keystore].address if keystore in names else keystore, "path": location}
    # The query of an address that another client was given may be a password.
    address, query, _ = replaced_users(location).partition("?")
    return {"url": address + ("?…" if query else "")}


def _compare_options(job: DesiredJob, request: LoggedRequest, found: Likeness) -> None:
    wanted = job.components["options"]
    if not request.options:
        if wanted:
            found.is_unverified("the log does not show uncompress and sub_path: they are taken from the manifest")
        return
    names = {"uncompress": "uncompress", "subPath": "sub_path"}
    shown = {name: options for each in request.options[0] for name, options in each.items()}
    found.differs(
        options={name: {names[each]: value for each, value in options.items()} for name, options in shown.items()}
    )


def _compare_output(job: DesiredJob, results: Sequence[ListedResult] | None, names: Names, found: Likeness) -> None:
    if results is None:
        found.is_unverified("the service lists no results of it: where they go is taken from the manifest")
        return
    if not results:
        return
    at_key = all(result.at_key for result in results)
    if at_key and job.output_key is None:
        keystore = results[0].title.removeprefix(_KEYSTORE).partition("/")[0]
        found.differs(output=names[keystore].address if keystore in names else f"key {keystore}")
    elif not at_key and job.output_key:
        found.differs(output="download")

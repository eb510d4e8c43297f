"""One job that shall have run: what it is, how it runs, and what its inputs are.

A campaign has up to 100,000 of them, and most plans need no more of an instance than what it has in common with the
others: what it is, and its fingerprint, is derived when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.geometries.regions import Box
from eocanvas_apply.documents.graph import filled_text
from eocanvas_apply.documents.kept_text import text_of
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.graphs_and_chains import Document
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.failures import Retries


class ResultOf(Struct, frozen=True):
    """The result of another job (an address) that fits `match`; its only one without. `fingerprint` is that job's."""

    address: str
    match: str | None
    fingerprint: str

    @property
    def identity(self) -> dict[str, str]:
        """What of it belongs into a fingerprint: the definition that it came of, never where it lies."""
        match = {"match": self.match} if self.match else {}
        return {"result": self.address, **match, "fingerprint": self.fingerprint}


class ResultLink(Struct, frozen=True):
    """One listed result: its job of the service, and its title there."""

    job_id: str
    title: str


class DesiredInput(Struct, frozen=True):
    """One named input: a path in a key's storage (`key` is its address), or a URL with its lasting identity.

    A `product` has no location before it is ordered. That of a `result` is known when its job is done: then it is a
    path, or the address that the service gives for `link` at the moment of the launch.
    """

    name: str
    location: str
    key: str | None = None
    identity: str | None = None
    product: Product | None = None
    uncompress: bool | None = None
    sub_path: str | None = None
    result: ResultOf | None = None
    link: ResultLink | None = None


class JobDefinition(Struct, frozen=True):
    """What a job is: what is sent for it, and the `components` of its fingerprint.

    `document_file` is the path of its graph or chain as written, None where the chain stands in the manifest.
    """

    document: Document | None
    document_file: str | None
    params: Mapping[str, str]
    inputs: tuple[DesiredInput, ...]
    raw_inputs: Mapping[str, Any]
    marked: bool
    components: Mapping[str, Any]
    fingerprint: str


class Deferred(Struct, eq=False, gc=False):
    """A definition that is derived from an instance once, when it is first asked for; what derives it holds no job."""

    derive: Callable[[Any], JobDefinition]
    instance: Any = None
    value: JobDefinition | None = None

    @classmethod
    def known(cls, value: JobDefinition) -> Deferred:
        """Return one that is there already."""
        return cls(lambda _: value, value=value)

    def __call__(self) -> JobDefinition:
        """Return the definition."""
        if self.value is None:
            self.value = self.derive(self.instance)
        return self.value

    def __eq__(self, other: object) -> bool:
        return self() == other() if isinstance(other, Deferred) else NotImplemented

    def __hash__(self) -> int:
        return hash(self().fingerprint)


class JobTraits(Struct, frozen=True):
    """How a job runs and what it names: one value for all instances that do not differ in it.

    Results go to `output_key` (an address) or into `index_folder`, relative to the manifest. With `keep` a finished job
    keeps its results when its definition changes. `keys` and `sources` are the addresses of the keys that it names and
    of the jobs whose results it is given, `products` what must be ordered before it is launched, each once.
    `remark_checks` are the severities that `checks:` gives to what the log of a successful job may say. A `raw` job has
    no graph or chain, and its inputs are sent as they stand. `filled` are the places of a job that rows fill in, each
    with the field of a row that goes there, None where more may differ.
    """

    process: str
    output_key: str | None = None
    index_folder: str | None = None
    max_duration: timedelta = timedelta(hours=2)
    launch_on_doubt: bool = False
    retries: Retries = field(default_factory=Retries)
    accept_terms: tuple[str, ...] = ()
    keep: bool = False
    remark_checks: Mapping[str, Severity] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    products: tuple[Product, ...] = ()
    raw: bool = False
    filled: tuple[tuple[Path, str], ...] | None = None

    def naming(self, inputs: tuple[DesiredInput, ...]) -> JobTraits:
        """Return them with what these inputs name."""
        keys = [given.key for given in inputs if given.key] + ([self.output_key] if self.output_key else [])
        return replace(
            self,
            keys=tuple(dict.fromkeys(keys)),
            sources=tuple(dict.fromkeys(given.result.address for given in inputs if given.result)),
            products=tuple({given.product.identity: given.product for given in inputs if given.product}.values()),
        )


class DesiredJob(Struct, frozen=True, gc=False):
    """One job, or one instance of a campaign.

    `fields` are those of an instance's row. `skip` is why it shall not run, None where it shall. `stage` is how many
    jobs stand before it in its pipeline.
    """

    address: str
    traits: JobTraits
    definition: Deferred
    instance: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    skip: str | None = None
    stage: int = 0

    def with_inputs(self, inputs: tuple[DesiredInput, ...]) -> DesiredJob:
        """Return it with other places of its inputs: it stays the same job, whatever they name."""
        definition = Deferred.known(replace(self.definition(), inputs=inputs))
        return replace(self, traits=self.traits.naming(inputs), definition=definition)

    @property
    def folder(self) -> str | None:
        """Where its results go, relative to the manifest; None where they go to a key."""
        folder = self.index_folder
        return f"{folder}/{self.instance}" if folder and self.instance else folder

    @property
    def output(self) -> str:
        """The output's key address, or `download`."""
        return self.output_key or "download"

    @property
    def document_text(self) -> str:
        """Its graph or chain as it is sent, before params are filled in; empty where it has none."""
        return text_of(self.document) if self.document else ""

    @property
    def region(self) -> Box | None:
        """The largest region that it works on; None where none can be seen."""
        its = self.definition()
        return its.document.regions.largest(partial(filled_text, params=its.params)) if its.document else None

    @property
    def has_chain(self) -> bool:
        """Whether its document is a Data Tailor chain."""
        return isinstance(self.document, Chain)

    @property
    def process(self) -> str:
        """The id of its process."""
        return self.traits.process

    @property
    def raw(self) -> bool:
        """Whether it has no graph or chain, and its inputs are sent as they stand."""
        return self.traits.raw

    @property
    def output_key(self) -> str | None:
        """The address of the key that its results go to."""
        return self.traits.output_key

    @property
    def index_folder(self) -> str | None:
        """The folder for the results of all instances."""
        return self.traits.index_folder

    @property
    def max_duration(self) -> timedelta:
        """How long one run may take."""
        return self.traits.max_duration

    @property
    def launch_on_doubt(self) -> bool:
        """Whether it is launched again where an answer is lost for good."""
        return self.traits.launch_on_doubt

    @property
    def retries(self) -> Retries:
        """How often a failed run is tried again."""
        return self.traits.retries

    @property
    def accept_terms(self) -> tuple[str, ...]:
        """The licences that are accepted for it."""
        return self.traits.accept_terms

    @property
    def keep(self) -> bool:
        """Whether a finished one keeps its results when its definition changes."""
        return self.traits.keep

    @property
    def remark_checks(self) -> Mapping[str, Severity]:
        """The severities of what its log may say."""
        return self.traits.remark_checks

    @property
    def keys(self) -> tuple[str, ...]:
        """The addresses of the keys that it names, each once."""
        return self.traits.keys

    @property
    def sources(self) -> tuple[str, ...]:
        """The addresses of the jobs whose results it is given, each once."""
        return self.traits.sources

    @property
    def products(self) -> tuple[Product, ...]:
        """The products that must be ordered before it is launched, each once."""
        return self.traits.products

    @property
    def document(self) -> Document | None:
        """Its graph or chain; None of any other process."""
        return self.definition().document

    @property
    def document_file(self) -> str | None:
        """The path of its graph or chain as written."""
        return self.definition().document_file

    @property
    def params(self) -> Mapping[str, str]:
        """What is filled into its graph, as text."""
        return self.definition().params

    @property
    def inputs(self) -> tuple[DesiredInput, ...]:
        """Its inputs."""
        return self.definition().inputs

    @property
    def raw_inputs(self) -> Mapping[str, Any]:
        """The inputs that are sent as they stand."""
        return self.definition().raw_inputs

    @property
    def marked(self) -> bool:
        """Whether its graph or chain carries a mark."""
        return self.definition().marked

    @property
    def components(self) -> Mapping[str, Any]:
        """What its fingerprint is made of."""
        return self.definition().components

    @property
    def fingerprint(self) -> str:
        """What makes it this job and no other."""
        return self.definition().fingerprint

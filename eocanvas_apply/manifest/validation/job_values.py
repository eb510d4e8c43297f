"""What can be wrong with a single text of a job, whether it stands there, comes from a variable or from a row."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.geometries.wkt import wkt_faults
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.substitution import is_unfilled, texts
from eocanvas_apply.manifest.validation.meaning import is_raw, mapping_at, value_at
from eocanvas_apply.web_addresses import holds_password

# File systems take names of so many bytes.
LONGEST_NAME = 255
# The mapping that a text stands in.
Owner = Mapping[str, Data]
Rule = Callable[[str, Owner], Iterable[Diagnostic]]
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".gz")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_SIGNED = re.compile(r"(?i)[?&](?:x-amz-signature|x-goog-signature|signature|sig)=")
_ORDER = re.compile(r"/dataaccess/download/[^/]+/?$")
_SENTINEL_2 = re.compile(r"(?i)(?:^|/)S2[A-D]_|sentinel-2")
_SENTINEL_3 = re.compile(r"(?i)(?:^|/)S3[A-D]_|sentinel-3")
_PRODUCT_OF_SENTINEL_3 = re.compile(r"S3[A-D]_(?:OL|SL|SY)_")
_PLACES = ("path", "product", "url")


def value_faults(data: Data) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield the faults of all texts in the jobs of a manifest that nothing is left to fill in, each with its path."""
    for name, job in mapping_at(data, "jobs").items():
        for path, text in texts(job):
            if not is_unfilled(text):
                yield from ((found, ("jobs", name, *path)) for found in text_faults(job, path, text))


def text_faults(job: Data, path: Path, text: str, rules: Sequence[Rule] | None = None) -> Iterator[Diagnostic]:
    """Yield what is wrong with one text of a job at this path; `rules` are those of the path, where they are known."""
    if text:
        owner = mapping_at(value_at(job, path[:-1]))
        for rule in rules or rules_of(job, path):
            yield from rule(text, owner)


def rules_of(job: Data, path: Path) -> Sequence[Rule]:
    """Return the rules for a text at this path of a job; that of geometries holds for all texts."""
    if path[:1] == ("inputs",) and is_raw(job):
        # They are sent as they stand: their fields are the process's own.
        return [geometry]
    own = [
        rule
        for pattern, rule in _RULES
        if len(pattern) == len(path) and all(part in ("*", own) for part, own in zip(pattern, path, strict=True))
    ]
    # Data Tailor reads archives itself.
    return [*(rule for rule in own if rule is not _sentinel_3 or "chain" not in mapping_at(job)), geometry]


def geometry(text: str, _: Owner) -> Iterable[Diagnostic]:
    """Return what is wrong with a text that is meant as a geometry."""
    return wkt_faults(text)


def _input_path(text: str, _: Owner) -> Iterable[Diagnostic]:
    if found := _ADDRESS.match(text):
        rest = text[found.end() :] or "/NAME"
        message = "this is an address; `path` is the place of the file in the storage that the key opens"
        return (error("input-path", message, f"write {rest[:200]}, or {{url: ADDRESS}} for a file of the web"),)
    if text != text.strip():
        message = "this path has a blank at its begin or end"
        return (warning("input-path", message, f"write {text.strip()[:200]}"),)
    if not text.startswith("/"):
        hint = f"write /{text.removeprefix('./')[:200]}"
        return (warning("input-path", "a path in a storage begins with a slash", hint),)
    return ()


def _bucket_address(text: str, _: Owner) -> Iterable[Diagnostic]:
    if text[:5].lower() != "s3://":
        return ()
    hint = "write {key: NAME, path: /...} with a key that opens the bucket"
    return (error("input-path", "the file of a bucket is opened by a key, not by an address", hint),)


def _password(text: str, _: Owner) -> Iterable[Diagnostic]:
    if "@" not in text or not holds_password(text):
        return ()
    hint = "remove it, and change it, if others saw it; a key opens a storage with a password"
    return (warning("literal-secret", "this address holds a password", hint),)


def _address_with_an_end(text: str, given: Owner) -> Iterable[Diagnostic]:
    if given.get("id") is not None:
        # That the address changes is known then.
        return ()
    path = text.partition("?")[0]
    if _ORDER.search(path):
        message = "this address of an ordered product is valid for a few days only, and costs an order each time"
        hint = "write {product: ID, dataset_id: DATASET}; the product is then ordered when the job starts"
        return (warning("address-expires", message, hint),)
    if "=" in text and _SIGNED.search(text):
        hint = "write {key: NAME, path: PATH} with a key for the bucket, or {product: ID} for a product of WEkEO"
        return (warning("address-expires", "this address is signed: it is valid for a limited time only", hint),)
    return ()


def _in_eodata(text: str, given: Owner) -> Iterable[Diagnostic]:
    if given.get("key") == EODATA and text.casefold().startswith("/eodata/"):
        message = "a path in eodata does not begin with /eodata/, the name of the bucket"
        return (warning("eodata-path", message, f"write {text[len('/eodata') :][:200]}"),)
    return ()


def _sub_path(text: str, given: Owner) -> Iterable[Diagnostic]:
    place = next((place for name in _PLACES if isinstance(place := given.get(name), str)), "")
    name = posixpath.basename(text)
    if name == "xfdumanifest.xml" and _SENTINEL_2.search(place):
        hint = "write `sub_path: MTD_MSIL1C.xml` or `MTD_MSIL2A.xml`"
        return (warning("sub-path-of-other-mission", "a Sentinel-2 product has no xfdumanifest.xml", hint),)
    if name.startswith("MTD_") and _SENTINEL_3.search(place):
        hint = "write `sub_path: xfdumanifest.xml`"
        return (warning("sub-path-of-other-mission", "a Sentinel-3 product has no MTD_*.xml", hint),)
    return ()


def _sentinel_3(text: str, given: Owner) -> Iterable[Diagnostic]:
    is_packed = _PRODUCT_OF_SENTINEL_3.match(text) is not None
    if is_packed and given.get("uncompress") is None and given.get("sub_path") is None:
        hint = "add `uncompress: true` and `sub_path: xfdumanifest.xml`"
        return (warning("archive-as-it-is", "WEkEO gives this product as an archive, which SNAP does not read", hint),)
    return ()


def _download_folder(text: str, _: Owner) -> Iterator[Diagnostic]:
    if _ADDRESS.match(text):
        hint = "write a folder such as results/NAME, or `output: {key: NAME}` for the storage of a key"
        yield error("bad-value", "results are downloaded into a folder of this machine; this is an address", hint)
        return
    if any(len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME for name in text.split("/")):
        yield error("bad-value", f"the name of a folder has at most {LONGEST_NAME} bytes", "shorten it")
    if text.startswith("~"):
        hint = "write a folder below the manifest's, such as results/NAME"
        yield error("bad-value", "`~` does not stand for the home folder here", hint)


def _archive(text: str, given: Owner) -> Iterable[Diagnostic]:
    if given.get("uncompress") is not None or not text.partition("?")[0].lower().endswith(_ARCHIVES):
        return ()
    if given.get("sub_path") is not None:
        message = "nothing unpacks this archive, so `sub_path` finds no file in it"
        return (warning("archive-as-it-is", message, "add `uncompress: true`"),)
    hint = "add `uncompress: true` and `sub_path:` with the file to open, unless the reader opens archives"
    return (warning("archive-as-it-is", "this archive is given to the process as it is", hint),)


_RULES: tuple[tuple[Path, Rule], ...] = (
    (("inputs", "*", "path"), _input_path),
    (("inputs", "*", "path"), _archive),
    (("inputs", "*", "url"), _bucket_address),
    (("inputs", "*", "url"), _password),
    (("inputs", "*", "url"), _archive),
    (("inputs", "*", "path"), _in_eodata),
    (("inputs", "*", "url"), _address_with_an_end),
    (("inputs", "*", "sub_path"), _sub_path),
    (("inputs", "*", "product"), _sentinel_3),
    (("output", "download"), _download_folder),
)

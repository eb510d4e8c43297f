"""Hooks of MkDocs: what the site shows beside `docs/`, and links that lead there.

In the repository, pages link to the examples, the schemas and the changelog by relative paths. The site has each of
them at the same path, so that one link serves both: `docs/x.md` is `x.md` there, everything else keeps its path. The
page of an example shows its files. Each diagnostic code has a page of its own, which a search for a message finds.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
_DOCS = "docs/"
_TEXTS = ("CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md")
# Pages with a word of everything.
_NOT_SEARCHED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "inputs.md",
    "reference/diagnostic-codes.md",
    "reference/messages.md",
    "json-output.md",
)
# Folders of examples that are no project, and so have no read-me.
_TITLES = {"ci": "Continuous integration", "policy": "Policies"}
_LANGUAGES = {".md": "markdown", ".py": "python", ".json": "json", ".geojson": "json", ".xml": "xml", ".yaml": "yaml"}
_FENCE = re.compile(r"^(```+).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(#[^)\s]*)?\)")
_CODES = "reference/diagnostic-codes.md"
_SECTION = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files from beside `docs/`, and the pages of codes."""
    codes = (ROOT / _DOCS / _CODES).read_text(encoding="utf-8")
    for name, text in _SECTION.findall(codes):
        files.append(File.generated(config, f"codes/{name}.md", content=f"# {name}\n{text}"))
    for path in _TEXTS:
        files.append(File.generated(config, path, content=(ROOT / path).read_text(encoding="utf-8")))
    for folder in sorted(each for each in (ROOT / "examples").iterdir() if each.is_dir()):
        files.append(File.generated(config, f"examples/{folder.name}/README.md", content=_example(folder)))
    for schema in sorted((ROOT / "schemas").glob("*.json")):
        files.append(File.generated(config, f"schemas/{schema.name}", abs_src_path=str(schema)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead the links of a page to where the site has what they name."""
    here = page.file.src_uri
    if here in _NOT_SEARCHED or here.startswith("examples/"):
        page.meta["search"] = {"exclude": True}
    if here.startswith("codes/"):
        page.meta["search"] = {"boost": 2}
    source = here if here.startswith("examples/") or here in _TEXTS else _DOCS + here
    if here == _CODES:
        markdown = _SECTION.sub("", markdown)
    parts = [markdown[slice(*part)] for part in _parts(markdown)]
    parts[::2] = [_LINK.sub(lambda link: _led(link, source, here), text) for text in parts[::2]]
    return "".join(parts)


def _parts(markdown: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds of text and of blocks of code, in turn."""
    at = 0
    for fence in _FENCE.finditer(markdown):
        yield at, fence.start()
        yield fence.span()
        at = fence.end()
    yield at, len(markdown)


def _led(link: re.Match[str], source: str, here: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1])) if link[1] else source
    place, _, anchor = _place(target).partition("#")
    fragment = f"#{anchor}" if anchor else link[2] or ""
    if place == _CODES and fragment:
        place, fragment = f"codes/{fragment[1:]}.md", ""
    return f"]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{fragment})"


def _place(target: str) -> str:
    """Return where the site has a path of the repository."""
    path = ROOT / target
    if target.startswith(_DOCS):
        return target.removeprefix(_DOCS)
    if target == "schemas":
        return "reference/json.md"
    if path.is_dir():
        return f"{target}/README.md"
    if target.startswith("examples/") and path.name != "README.md":
        folder = "/".join(target.split("/")[:2])
        return f"{folder}/README.md#{_anchor(target.removeprefix(folder + '/'))}"
    return target


def _anchor(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower()).strip("-")


def _example(folder: Path) -> str:
    """Return the page of an example: its read-me, and its files."""
    about = folder / "README.md"
    title = f"# {_TITLES.get(folder.name, folder.name)}\n"
    blocks = [about.read_text(encoding="utf-8") if about.exists() else title]
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each != about):
        name = path.relative_to(folder).as_posix()
        blocks += [f"## {name} {{ #{_anchor(name)} }}", _shown(path)]
    return "\n\n".join(blocks) + "\n"


def _shown(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return "\n\n".join(_cells(text)) if path.suffix == ".ipynb" else _block(text, _LANGUAGES.get(path.suffix, "text"))


def _cells(notebook: str) -> Iterator[str]:
    """Yield what a person reads in a notebook."""
    for cell in json.loads(notebook)["cells"]:
        text = "".join(cell["source"])
        yield (
            re.sub("^#", "##", text, flags=re.MULTILINE) if cell["cell_type"] == "markdown" else _block(text, "python")
        )


def _block(text: str, language: str) -> str:
    return f"````{language}\n{text.rstrip()}\n````"

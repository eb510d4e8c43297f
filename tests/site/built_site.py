"""The pages of a built site: their anchors, the links that they offer, and what a browser loads for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes that a browser follows by itself; of <link> only what is loaded, not what a page says of itself.
_LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "image": ("href",),
    "use": ("href",),
}
_SAID = {"canonical", "prev", "next", "alternate"}
_CSS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


@dataclass
class HtmlPage(HTMLParser):
    """One page: `anchors` by id, `links` that a person follows, `loaded` by the browser, and the text of its style."""

    text: str
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        styles = re.findall(r"<style[^>]*>(.*?)</style>", self.text, re.DOTALL)
        styles += re.findall(r'style="([^"]*)"', self.text)
        self.loaded += [address for style in styles for address in css_addresses(style)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag in ("a", "area") and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") not in _SAID:
            self.loaded.append(found["href"])
        self.loaded += [found[name] for name in _LOADED.get(tag, ()) if name in found]


def css_addresses(text: str) -> Iterator[str]:
    """Yield what a style sheet loads."""
    for url, imported in _CSS.findall(text):
        yield url or imported


@dataclass(frozen=True)
class BuiltSite:
    """All pages of the site in `folder`, by their path in it."""

    folder: Path
    pages: Mapping[str, HtmlPage]

    @classmethod
    def read(cls, folder: Path) -> BuiltSite:
        """Read every page of a folder."""
        files = sorted(folder.rglob("*.html"))
        pages = {file.relative_to(folder).as_posix(): HtmlPage(file.read_text(encoding="utf-8")) for file in files}
        return cls(folder, pages)

    def fault_of(self, page: str, link: str) -> str:
        """Return what is wrong with a link of a page; empty where nothing is, or it leads outside."""
        parts = urlsplit(link)
        if parts.scheme in ("http", "https", "mailto", "data"):
            return ""
        # A server shows the page of what is not found for any address, so its links begin at the root.
        base = self.folder if parts.path.startswith("/") else (self.folder / page).parent
        path = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else self.folder / page
        if not path.is_file() and not (path == self.folder and parts.path.startswith("/")):
            return f"{page}: no file {link}"
        name = path.relative_to(self.folder).as_posix()
        if parts.fragment and name in self.pages and unquote(parts.fragment) not in self.pages[name].anchors:
            return f"{page}: no anchor {link}"
        return ""

"""The documentation as a site: it builds without a warning, every link leads somewhere, nothing is asked outside."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eocanvas_apply.checks.codes import codes
from tests.site.built_site import BuiltSite, HtmlPage, css_addresses

ROOT = Path(__file__).parents[2]


def test_every_page_and_example_is_on_the_site(site: BuiltSite) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    expected = {page.with_suffix(".html").as_posix().replace("README.html", "index.html") for page in pages}
    examples = {f"examples/{path.name}/index.html" for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert expected | examples | {f"codes/{code}.html" for code in codes()} <= site.pages.keys()


def test_every_link_leads_somewhere(site: BuiltSite) -> None:
    faults = [site.fault_of(name, link) for name, page in site.pages.items() for link in page.links]
    assert len(faults) > 1000
    assert [fault for fault in faults if fault] == []


def test_everything_that_a_page_loads_is_on_the_site(site: BuiltSite) -> None:
    loaded = [(name, address) for name, page in site.pages.items() for address in page.loaded]
    assert [each for each in loaded if urlsplit(each[1]).netloc] == []
    assert [fault for fault in (site.fault_of(*each) for each in loaded) if fault] == []


def test_no_style_sheet_loads_anything(site: BuiltSite) -> None:
    sheets = list(site.folder.rglob("*.css"))
    loaded = [address for sheet in sheets for address in css_addresses(sheet.read_text(encoding="utf-8"))]
    assert sheets
    assert [address for address in loaded if not address.startswith("data:")] == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="gone.html">', "index.html: no file gone.html"),
        ('<a href="#gone">', "index.html: no anchor #gone"),
        ('<a href="index.html#here" id="here">', ""),
        ('<a href="https://example.org/">', ""),
    ],
)
def test_a_link_that_leads_nowhere_would_be_found(html: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    site = BuiltSite.read(tmp_path)
    assert site.fault_of("index.html", site.pages["index.html"].links[0]) == fault


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example.org/a.js">',
        '<link rel="preconnect" href="https://fonts.example.org">',
        '<style>@import "https://fonts.example.org/css";</style>',
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_what_a_page_asks_outside_would_be_found(html: str) -> None:
    (address,) = HtmlPage(html).loaded
    assert address.startswith("https://")

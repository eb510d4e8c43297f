"""A browser, and pages in it that note every request and every fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium

# Chromium as root needs no sandbox; the others keep it from asking Google's hosts at every start.
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    """A browser for the tests of one file: while it is open, this thread has an event loop and can have no other."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.HINT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page in the browser, the addresses that it asked for, and what went wrong in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@pytest.fixture(name="show")
def _show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return what opens a page, given as text or address; every one must end without a fault in its script."""
    opened: list[Opened] = []

    def show(content: str, *, scheme: str = "light", width: int = 1200) -> Opened:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
        found = Opened(context.new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("pageerror", lambda fault: found.faults.append(str(fault)))
        found.page.on("console", lambda said: found.faults.append(said.text))
        if not content.startswith("http"):
            file = tmp_path / f"page-{len(opened)}.html"
            file.write_text(content, encoding="utf-8")
            content = file.as_uri()
        found.page.goto(content)
        opened.append(found)
        return found

    yield show
    for each in opened:
        each.page.context.close()
    assert [each.faults for each in opened if each.faults] == []

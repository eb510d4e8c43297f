"""The site in a browser, from the file system: it asks nothing outside, and its search finds a pasted message."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from docs.messages import message
from eocanvas_apply.checks.codes import codes
from tests.site.built_site import BuiltSite

SEARCH = "[data-md-component=search-query]"
# The site's own search, asked as its field asks it.
ASK = """async (questions) => {
  const {search, base} = JSON.parse(document.querySelector("#__config").textContent);
  const worker = new Worker(new URL(search, new URL(base + "/", location.href)));
  const told = (data, type) => new Promise((done) => {
    const hear = ({data}) => data.type === type && (worker.removeEventListener("message", hear), done(data));
    worker.addEventListener("message", hear);
    worker.postMessage(data);
  });
  await told({type: 0, data: {config: __index.config, docs: __index.docs, options: {suggest: false}}}, 1);
  const found = [];
  for (const question of questions) {
    const {items} = (await told({type: 2, data: question}, 3)).data;
    found.push(items.map(([first]) => first.location));
  }
  return found;
}"""


@pytest.fixture(name="requests")
def _requests() -> list[str]:
    return []


@pytest.fixture(name="page")
def _page(browser: Browser, requests: list[str]) -> Iterator[Page]:
    """A page that notes what it asks for, and fails where its script does."""
    page = browser.new_page()
    faults: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    yield page
    page.close()
    assert faults == []


@pytest.mark.parametrize(
    "name", ["index.html", "get-started.html", "examples/notebook/index.html", "codes/bad-day.html"]
)
def test_a_page_asks_nothing_outside(name: str, site: BuiltSite, page: Page, requests: list[str]) -> None:
    page.goto((site.folder / name).as_uri(), wait_until="networkidle")
    assert page.locator("h1").inner_text()
    assert [url for url in requests if not url.startswith((site.folder.as_uri(), "about:", "data:"))] == []


def test_a_message_that_is_pasted_leads_to_its_page(site: BuiltSite, page: Page) -> None:
    page.goto((site.folder / "index.html").as_uri())
    page.click(SEARCH)
    page.locator(SEARCH).press_sequentially("nothing fills in $aoi [placeholder-open]")
    page.locator(".md-search-result__link").first.wait_for()
    links = [str(link.get_attribute("href")) for link in page.locator(".md-search-result__link").all()[:3]]
    assert any("codes/placeholder-open.html" in link for link in links)


def test_the_pages_of_nearly_all_messages_are_among_the_first(site: BuiltSite, page: Page) -> None:
    """What is pasted ends with its code. Words of every day, such as "a key is not a job", find much else."""
    page.goto((site.folder / "index.html").as_uri())
    page.wait_for_function("typeof __index === 'object'")
    # The language of the search gives a meaning to these.
    questions = {code: re.sub(r"[~^:*+]|\B-|-\B", " ", f"{message(code)} [{code}]") for code in codes()}
    found = dict(zip(questions, page.evaluate(ASK, list(questions.values())), strict=True))
    missed = [
        code for code, links in found.items() if f"codes/{code}.html" not in {link.split("#")[0] for link in links[:5]}
    ]
    assert len(missed) <= 0.05 * len(found), missed

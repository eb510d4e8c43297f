"""`report --serve`: the page follows the ledger while a run goes on, on this machine alone."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.cli.conftest import Project, _emulator, _project

TOOL = (sys.executable, "-m", "eocanvas_apply")
__all__ = ["_emulator", "_project"]


@pytest.fixture(name="served")
def _served(project: Project) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [*TOOL, "report", "--serve", "-f", str(project.manifest)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        yield found[0], process
        process.send_signal(signal.SIGINT)
        process.wait(20)


def test_the_page_follows_a_run(
    project: Project, served: tuple[str, subprocess.Popen[str]], show: Callable[..., Opened]
) -> None:
    address, process = served
    opened = show(address)
    page = opened.page
    expect(page.locator(".headline")).to_have_text("0 of 1 job done, 1 waiting.")
    page.get_by_role("searchbox").fill("subset")
    page.locator("button.name").click()
    subprocess.run([*TOOL, "apply", "--yes", "-f", str(project.manifest)], check=True, capture_output=True)
    expect(page.locator(".headline")).to_have_text("1 of 1 job done.", timeout=20_000)
    expect(page.get_by_role("searchbox")).to_have_value("subset")
    expect(page.locator("button.name")).to_have_attribute("aria-expanded", "true")
    assert {request.partition("/digest")[0].rstrip("/") for request in opened.requests} == {address.rstrip("/")}
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130


def test_a_page_elsewhere_cannot_read_it_under_another_name(served: tuple[str, subprocess.Popen[str]]) -> None:
    host = served[0].removeprefix("http://").rstrip("/")
    connection = HTTPConnection(host)
    connection.request("GET", "/", headers={"Host": "evil.example.org"})
    assert connection.getresponse().status == 421


def test_a_head_has_no_content(served: tuple[str, subprocess.Popen[str]]) -> None:
    connection = HTTPConnection(served[0].removeprefix("http://").rstrip("/"))
    for path, status in (("/", 200), ("/other", 404)):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")

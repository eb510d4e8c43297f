"""What a notebook shows, in a real browser: pictures that appear where no script may run, in light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from eocanvas_apply.render.notebook.project_display import summary
from tests.browser.conftest import Opened
from tests.report.page.scenes import report_of, scene_of, square

Show = Callable[..., Opened]
# As strict as a forge may be: neither scripts nor styles, and images only where they are in the page.
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A notebook</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:"></head>
<body><main><h1>A notebook</h1>{}</main></body></html>"""
COLOURS = """image => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const paper = canvas.getContext("2d", {willReadFrequently: true});
  paper.drawImage(image, 0, 0);
  const at = (x, y) => [...paper.getImageData(x, y, 1, 1).data];
  return {corner: at(1, 1), legend: at(image.naturalWidth - 2, image.naturalHeight - 2)};
}"""


@pytest.fixture(scope="module", name="text")
def _text() -> str:
    scene = scene_of({f"T{n}": square(15 + 2 * n, 55) for n in range(4)}, more="quota: [{jobs: 2, per: 1h}]\n")
    scene.done('job.tiles["T0"]', 1)
    return PAGE.format(summary(report_of(scene)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_appear_on_a_ground_of_their_own(show: Show, text: str, scheme: str) -> None:
    opened = show(text, scheme=scheme)
    images = opened.page.locator("img")
    assert images.count() == 2
    for image in images.all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 860
        found = image.evaluate(COLOURS)
        assert {colour[3] for colour in found.values()} == {255}
        assert (sum(found["legend"][:3]) < 150) == (scheme == "dark")
    assert [request for request in opened.requests if not request.startswith(("file:", "data:"))] == []


def test_axe_finds_nothing_in_the_pictures(show: Show, text: str) -> None:
    opened = show(text.replace("default-src 'none'; img-src data:", "img-src data:"))
    assert Axe().run(opened.page).response["violations"] == []

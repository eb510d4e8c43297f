"""A wrong argument is a clear error that names it, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply as eoc

WRONG = [
    ("plan", {"only": 5}, "only is a text or a list of texts"),
    ("plan", {"only": ["tiles", 5]}, "only is a text or a list of texts"),
    ("plan", {"only": b"tiles"}, "only is a text or a list of texts"),
    ("plan", {"only": Path("tiles")}, "only is a text or a list of texts"),
    ("plan", {"relaunch": None}, "relaunch is a text or a list of texts"),
    ("plan", {"allow": None}, "allow is a text or a list of texts"),
    ("plan", {"limit": 1.5}, "limit is a whole number or None, not 1.5"),
    ("plan", {"limit": "3"}, "limit is a whole number or None, not '3'"),
    ("plan", {"destroy": "no"}, "destroy is True or False, not 'no'"),
    ("plan", {"retry_failed": 0}, "retry_failed is True or False, not 0"),
    ("plan", {"fetch": None}, "fetch is True or False, not None"),
    ("results", {"address": ["tiles"]}, r"address is a text or None, not \['tiles'\]"),
]


@pytest.fixture(name="project")
def _project(manifest: Path) -> Iterator[eoc.Project]:
    with eoc.open(manifest) as project:
        yield project


@pytest.mark.parametrize(("method", "given", "message"), WRONG, ids=str)
def test_a_wrong_type_names_the_argument(
    project: eoc.Project, method: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        getattr(project, method)(**given)


@pytest.mark.parametrize("wait", [-1, 0, 1.5, True, b"2h"])
def test_a_wait_of_a_wrong_type_applies_nothing(project: eoc.Project, manifest: Path, wait: Any) -> None:
    with pytest.raises(TypeError, match="wait is a text such as '2h', a timedelta or None"):
        project.apply(project.plan(), wait=wait)
    assert not (manifest.parent / ".eocanvas").exists()


@pytest.mark.parametrize("wait", ["2 hours", "-2h", "", timedelta(seconds=-1)])
def test_a_wait_that_is_no_length_applies_nothing(project: eoc.Project, manifest: Path, wait: str | timedelta) -> None:
    with pytest.raises(eoc.UsageError, match="wait: "):
        project.apply(project.plan(), wait=wait)
    assert not (manifest.parent / ".eocanvas").exists()


def test_an_on_progress_that_is_no_function_applies_nothing(project: eoc.Project, manifest: Path) -> None:
    with pytest.raises(TypeError, match="on_progress is a function"):
        project.apply(project.plan(), on_progress=5)  # type: ignore[arg-type]
    assert not (manifest.parent / ".eocanvas").exists()

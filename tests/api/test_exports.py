"""The public names: what they are, that each is explained, and that importing the package costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import eocanvas_apply as eoc

PUBLIC = [
    "ApplyResult",
    "AsyncProject",
    "CredentialsError",
    "Desired",
    "Diagnostic",
    "EocanvasApplyError",
    "LedgerError",
    "Manifest",
    "ManifestError",
    "Observed",
    "Plan",
    "PlanStale",
    "Progress",
    "Project",
    "Recorded",
    "Requests",
    "Result",
    "Results",
    "SafetyRefusal",
    "SavedPlan",
    "ServiceError",
    "Severity",
    "Status",
    "UsageError",
    "aopen",
    "build_plan",
    "load",
    "open",
    "read_plan",
    "validate",
]
# Values of inner modules: their fields and methods may lack a docstring.
DATA = {"SavedPlan", "Manifest", "Desired", "Recorded", "Requests", "Observed", "Diagnostic", "Severity"}


def test_the_public_names_are_pinned_and_can_be_imported() -> None:
    assert eoc.__all__ == PUBLIC
    assert all(inspect.isclass(getattr(eoc, name)) or callable(getattr(eoc, name)) for name in PUBLIC)
    assert set(PUBLIC) <= set(dir(eoc))
    with pytest.raises(AttributeError, match="no attribute 'plan'"):
        eoc.plan  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_explained(name: str) -> None:
    found = getattr(eoc, name)
    assert len(inspect.getdoc(found) or "") > 20
    if not inspect.isclass(found) or name in DATA or issubclass(found, Exception):
        return
    members = {key: value for key, value in vars(found).items() if not key.startswith("_") and key != "value"}
    shown = {key: value for key, value in members.items() if callable(value) or isinstance(value, property)}
    assert [key for key, value in shown.items() if not inspect.getdoc(value)] == []


def test_importing_the_package_imports_no_other_module_of_it() -> None:
    home = str(Path(eoc.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {home!r}); before = set(sys.modules); import eocanvas_apply; "
    code += "print(sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['__future__', 'eocanvas_apply']"


def test_plan_shows_the_keywords_of_its_requests() -> None:
    for project in (eoc.AsyncProject, eoc.Project):
        shown = inspect.signature(project.plan)
        assert shown.parameters == inspect.signature(eoc.AsyncProject.requests).parameters
        assert "only" in shown.parameters
        assert shown.return_annotation == "Plan"
        assert set(project.plan.__annotations__) == {*shown.parameters, "return"} - {"self"}


def test_to_continue_takes_what_a_plan_takes_but_to_destroy() -> None:
    asked = inspect.signature(eoc.AsyncProject.plan).parameters.keys() - {"destroy"}
    applied = inspect.signature(eoc.AsyncProject.apply).parameters.keys() - {"plan"}
    for project in (eoc.AsyncProject, eoc.Project):
        assert inspect.signature(project.continue_apply).parameters.keys() == asked | applied


def test_both_ways_to_open_take_the_same() -> None:
    assert inspect.signature(eoc.open).parameters == inspect.signature(eoc.aopen).parameters

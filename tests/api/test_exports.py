"""The public names: what they are, that each is explained, and that importing the package costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
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
    "ServiceError",
    "Severity",
    "Status",
    "UsageError",
    "aopen",
    "build_plan",
    "load",
    "open",
    "validate",
]
# Names that come from the package's own modules are not public, so they may lack a docstring.
DATA = {"Manifest", "Desired", "Recorded", "Requests", "Observed", "Diagnostic", "Severity"}


def test_the_public_names_are_these_and_can_all_be_had() -> None:
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


def test_importing_it_imports_nothing_else_of_ours() -> None:
    home = str(Path(eoc.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {home!r}); before = set(sys.modules); import eocanvas_apply; "
    code += "print(sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['__future__', 'eocanvas_apply']"


def test_the_package_has_a_py_typed_file() -> None:
    package = Path(eoc.__file__).parent
    assert (package / "py.typed").read_bytes() == b""
    build = tomllib.loads((package.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    # Every file of the package is in the wheel, as long as nothing is excluded.
    assert build["targets"]["wheel"] == {"packages": [package.name]}

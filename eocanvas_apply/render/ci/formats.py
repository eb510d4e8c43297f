"""The formats of diagnostics for CI systems, as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eocanvas_apply.render.ci.finding import Report
from eocanvas_apply.render.ci.github import workflow_commands
from eocanvas_apply.render.ci.gitlab import code_quality
from eocanvas_apply.render.ci.junit import test_suites
from eocanvas_apply.render.ci.sarif import sarif_log

# What each returns is a text, or what is to be written as JSON.
FORMATS: Mapping[str, Callable[[Report], object]] = {
    "github": workflow_commands,
    "gitlab": code_quality,
    "sarif": sarif_log,
    "junit": test_suites,
}

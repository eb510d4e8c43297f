from __future__ import annotations

import pytest

from eocanvas_apply import errors
from eocanvas_apply.api.exit_codes import MEANINGS, PRECEDENCE, Exit, weightiest
from eocanvas_apply.cli.guard import of_exception
from eocanvas_apply.diagnostics import error


def test_every_code_has_a_meaning_and_a_rank() -> None:
    assert set(MEANINGS) == set(PRECEDENCE) == set(Exit)


@pytest.mark.parametrize(
    ("several", "holds"),
    [
        ([], 0),
        ([0, 2], 2),
        ([2, 3], 3),
        ([3, 4], 4),
        ([4, 7], 7),
        ([7, 6], 6),
        ([6, 5], 5),
        ([5, 1], 1),
        ([1, 143], 143),
        ([1, 130, 0], 130),
    ],
)
def test_the_exit_code_with_the_highest_rank_is_used(several: list[int], holds: int) -> None:
    assert weightiest(map(Exit, several)) == holds


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 1),
        (errors.ManifestError, 1),
        (errors.CredentialsError, 1),
        (errors.LedgerError, 1),
        (errors.LedgerConflict, 1),
        (errors.ServiceError, 1),
        (errors.SafetyRefusal, 5),
        (errors.PlanStale, 6),
    ],
)
def test_an_exception_ends_with_its_code(kind: type[errors.EocanvasApplyError], code: int) -> None:
    assert of_exception(kind(error("x", "y"))) == code


def test_an_unexpected_exception_is_an_error_and_ctrl_c_is_130() -> None:
    assert of_exception(ValueError()) == 1
    assert of_exception(KeyboardInterrupt()) == 130

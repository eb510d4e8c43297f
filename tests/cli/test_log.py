from __future__ import annotations

import errno
import io
import logging
from pathlib import Path

import pytest

from eocanvas_apply.cli.log import LOGGER, logged
from eocanvas_apply.secrets.scrubbing import SCRUBBER
from eocanvas_apply.secrets.secret import Secret


def test_the_log_file_is_private_scrubbed_and_one_line_a_record(tmp_path: Path) -> None:
    SCRUBBER.learn([Secret("canary-of-the-log")])
    file = tmp_path / "run.log"
    with logged(io.StringIO(), verbose=False, file=str(file)):
        logging.getLogger(f"{LOGGER}.service").debug("GET %s", "canary-of-the-log\nforged \x1b[2J")
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert "***\\nforged \\x1b[2J" in text
    assert "canary" not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_verbose_goes_to_stderr_and_ends_with_the_command() -> None:
    loud = io.StringIO()
    logger = logging.getLogger(f"{LOGGER}.service")
    with logged(loud, verbose=True, file=None):
        logger.info("heard")
    logger.info("unheard")
    assert loud.getvalue() == "eocanvas_apply.service: heard\n"


def test_a_log_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), logged(io.StringIO(), verbose=False, file=str(tmp_path)):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_unwritable_log_is_reported_once_and_the_run_continues(capsys: pytest.CaptureFixture[str]) -> None:
    faults: list[OSError] = []
    logger = logging.getLogger(f"{LOGGER}.service")
    with logged(io.StringIO(), verbose=False, file="/dev/full", on_fault=faults.append):
        logger.info("one")
        logger.info("two")
    assert [fault.errno for fault in faults] == [errno.ENOSPC]
    assert capsys.readouterr().err == ""

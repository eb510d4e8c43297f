"""The browser of the tests: the machine's own Chromium or Chrome, or Debian's, installed by `make setup`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")
HINT = f"these tests need Chromium or Chrome: {' '.join(INSTALL)}"


def find() -> str | None:
    """Return the path of the browser, None without one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    """Install Debian's Chromium where this user may, and say what is to be done where it may not."""
    if find():
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        sys.stderr.write(f"{HINT}\n")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("apt-get", "update", "--quiet"), INSTALL):
        subprocess.run(words, env=environment, check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install()

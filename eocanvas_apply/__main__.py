"""`python -m eocanvas_apply` is the command `eocanvas-apply`."""

import os
import sys

# `python -m` looks for modules in the working folder first: a `yaml.py` beside a manifest of others would run.
if sys.path and sys.path[0] == os.getcwd():  # noqa: PTH109 - as Python writes it there
    del sys.path[0]

try:
    from eocanvas_apply.cli import main
except KeyboardInterrupt:
    # Nothing has begun yet, not even to hear signals.
    raise SystemExit(130) from None

if __name__ == "__main__":
    raise SystemExit(main())

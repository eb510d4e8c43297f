"""`python -m eocanvas_apply` is the command `eocanvas-apply`."""

from eocanvas_apply.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

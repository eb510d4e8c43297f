"""`python -m eocanvas_apply` is the command `eocanvas-apply`."""

try:
    from eocanvas_apply.cli import main
except KeyboardInterrupt:
    # Nothing has begun yet, not even to hear signals.
    raise SystemExit(130) from None

if __name__ == "__main__":
    raise SystemExit(main())

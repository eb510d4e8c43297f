"""What we did, as append-only events: `events` and `fold/` are pure, the backends keep them durably."""

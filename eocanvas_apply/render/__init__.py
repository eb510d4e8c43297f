"""Words for people and JSON for programs: pure functions from values to text or JSON-able documents."""

FORMAT_VERSION = "1.0"

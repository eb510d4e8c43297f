"""Text for people and JSON for programs: pure functions from values to text or to JSON-able mappings."""

FORMAT_VERSION = "1.0"

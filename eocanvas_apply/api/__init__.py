"""The public API, and what the command line is built on: open a project, plan, apply, ask for status and results."""

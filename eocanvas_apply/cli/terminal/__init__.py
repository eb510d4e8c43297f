"""The terminal: console, live area, signals, the question before anything changes."""

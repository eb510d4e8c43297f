"""The examples for schedulers, run by the schedulers themselves, each in an environment of its own."""

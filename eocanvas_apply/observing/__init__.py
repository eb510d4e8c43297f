"""Observing: the service, the files and the secrets, read into one value that planning can judge."""

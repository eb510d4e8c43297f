"""Storages, opened with a key's own credentials."""

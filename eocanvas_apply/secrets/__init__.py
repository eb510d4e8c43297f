"""Secrets: the type, references and their resolving, the vault, fingerprints, sealing and scrubbing."""

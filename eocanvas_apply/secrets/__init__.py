"""Secrets: the type, references, the vault, fingerprints, sealing and scrubbing.

A secret goes from `secret_references` (what the manifest names) into the `vault`, which resolves them and is the only
place that holds it. The vault gives fingerprints and sizes to observing. For a new key it gives the text that
`sealing` orders and encrypts with the service's public key; `applying/key_creation.py` takes that right before it
sends the request. Whatever people may read passes `scrubbing`.
"""

"""S3 storages, read with a key's own credentials."""

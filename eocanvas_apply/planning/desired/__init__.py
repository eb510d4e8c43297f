"""What shall exist: keys, jobs and their fingerprints, derived from a manifest and the rows of its campaigns."""

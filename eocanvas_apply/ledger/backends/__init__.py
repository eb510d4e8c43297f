"""Where a ledger is kept: a file, a bucket or a database, and what stands beside it."""

"""What is recorded: the fold of the events of a ledger into records of keys, jobs and orders. Pure."""

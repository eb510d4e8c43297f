"""Taking over what exists at the service: one key or job for its address, or all of a project whose ledger is lost."""

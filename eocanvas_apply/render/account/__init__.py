"""What the account has, as text and as JSON: what is taken over, how keys are sealed, whether storages answer."""

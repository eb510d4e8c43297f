"""What is found out before an apply: about the service, storages and settings, or without any of them."""

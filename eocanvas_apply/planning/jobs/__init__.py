"""What is to be done with each job: one address, one action, one reason."""

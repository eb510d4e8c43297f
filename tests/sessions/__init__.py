"""What the program says in each state that it has a diagnostic code for, as data; see README.md."""

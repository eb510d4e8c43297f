"""How things stand: what was observed, which run of a job counts, and what became of a launch whose answer was lost."""

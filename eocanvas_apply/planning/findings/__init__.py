"""What a plan warns of, and what it proposes: nothing of it changes an action. Pure."""

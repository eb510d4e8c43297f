"""Applying: the only room that changes the service. It decides nothing, the plan says what happens."""

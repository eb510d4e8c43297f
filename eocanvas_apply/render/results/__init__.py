"""The end of an apply and what jobs left, as text and as JSON."""

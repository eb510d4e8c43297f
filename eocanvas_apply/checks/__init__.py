"""Rules over a manifest and its documents. What is legal on the service is never an error here."""

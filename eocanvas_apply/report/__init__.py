"""What people and programs want to know, as values: status, why, progress, outcomes, forecast, rehearsal."""

"""What the report's page shows, as values: footprints on a map, a timeline, the jobs, what depends on what."""

"""Templates of continuous integration, run step by step in a scratch Git repository."""

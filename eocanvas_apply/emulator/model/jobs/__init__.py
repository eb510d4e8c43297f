"""The life of a job: its request, its course, its log, its outputs and how it fails."""

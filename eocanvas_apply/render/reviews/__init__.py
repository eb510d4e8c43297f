"""For those who review: a plan as Markdown, HTML and GitLab's report, what depends on what, and what drifted."""

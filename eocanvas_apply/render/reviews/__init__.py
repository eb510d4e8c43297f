"""For those who review: a plan as Markdown, as a page of HTML and as GitLab's report, and what depends on what."""

"""A plan for those who review it: Markdown for a comment, a page of HTML, GitLab's Terraform report."""

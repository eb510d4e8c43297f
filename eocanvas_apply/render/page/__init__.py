"""The report as one page of HTML: words of its tables, positions in its drawings, template, style and script."""

"""Campaigns, the `for_each:` of a job: from rows of files, searches and listings to one instance of a job each.

A row of a CSV file becomes a job in four steps: `sources` asks the reader of the step's kind (readers/csv), `join`
joins the rows with those of the steps before and picks those that count, `row_checks` checks what each row fills in
(one by one those that `row_screen` does not clear in columns), and `expansion` returns the instances of all campaigns,
as the value of `expanded`. `lock` freezes what searches found.
"""

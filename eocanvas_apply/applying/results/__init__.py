"""Results on their way from the service to their folders.

A run starts `downloads` beside its loop. For each job it asks `links` for fresh links, `receiving` streams each file,
and `storing` gives it its name; then it goes on record, and `index.csv` is written. `copying` brings results that are
on record already, with the same files.
"""

"""What a notebook shows with packages of its own: results as a table of pandas, files opened with xarray."""

"""What a notebook shows of a project: the map and the calendar of its report as pictures, without any script."""

"""Where rows come from: one reader a source."""

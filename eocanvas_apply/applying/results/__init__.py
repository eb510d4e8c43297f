"""Results on their way: listed, streamed, checked, put in place, copied."""

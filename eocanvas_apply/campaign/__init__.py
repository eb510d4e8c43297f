"""Campaigns (for_each): from steps to rows, from rows to instances, and the lock that freezes what searches found."""

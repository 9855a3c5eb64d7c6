"""Search: finding what is written in one's own partnerships, as one says it."""

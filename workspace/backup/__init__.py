"""Backups: one archive with everything that a database holds, and putting it back into an empty place."""

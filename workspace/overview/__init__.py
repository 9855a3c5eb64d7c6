"""The overview: what waits for me, and what is new in all my partnerships."""

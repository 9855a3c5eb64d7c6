"""Serving: the processes of `workspace run`, and what reads requests for them."""

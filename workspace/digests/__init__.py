"""Digests: when a person gets one, and what is new for them."""

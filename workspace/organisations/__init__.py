"""Organisations, and the people in them; kept by administrators."""

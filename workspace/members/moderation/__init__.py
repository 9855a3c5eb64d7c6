"""Levels, suspensions, end dates and removal."""

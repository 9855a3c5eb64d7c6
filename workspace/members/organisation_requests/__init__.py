"""Organisations that moderators miss, and the administrators' answers."""

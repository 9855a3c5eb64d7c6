"""Roles: who is responsible for what."""

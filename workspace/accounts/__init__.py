"""Accounts: people, their passwords and sessions, and their own settings."""

"""People: their accounts, passwords and sessions, and their own settings."""

"""The space around one joint purpose: its organisations, its members, and its ordered log."""

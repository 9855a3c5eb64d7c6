"""Changing the organisation that a member represents, and ending an organisation’s participation."""

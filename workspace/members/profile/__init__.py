"""A member’s page."""

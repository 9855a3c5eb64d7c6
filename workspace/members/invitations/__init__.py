"""Invitations by e-mail address."""

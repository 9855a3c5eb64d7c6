"""Administrators change a person's e-mail address: the old address is asked, and moderators are told."""

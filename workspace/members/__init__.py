"""The members of a partnership, one by one."""

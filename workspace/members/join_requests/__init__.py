"""Requests to join a partnership, and the invite links that can lead to one."""

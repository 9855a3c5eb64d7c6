"""Notifications: news that members get by mail at once, and how to unsubscribe."""

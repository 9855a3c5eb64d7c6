"""Comments in a post's thread."""

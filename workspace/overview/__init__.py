"""What is new in all of one's partnerships."""

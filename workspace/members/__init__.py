"""Members: who is in, as what, since when, and by whose decision."""

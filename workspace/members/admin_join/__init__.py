"""What administrators see of partnerships, and how they join one to help."""

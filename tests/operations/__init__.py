"""What keeps an installation running: processes that die, orderly stops, and files that are nobody else's."""

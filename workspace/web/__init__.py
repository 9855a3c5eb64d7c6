"""Web: forms, HTMX, cached fragments, static files and headers, used by every feature."""

"""What the workspace can carry and what it costs, measured: `make bench`, `make bench-live`."""

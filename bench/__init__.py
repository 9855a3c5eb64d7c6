"""What the workspace can carry, measured: `make bench-live`."""

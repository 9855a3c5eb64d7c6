"""Serving: the processes of `workspace run`, and what reads requests for them."""

import logging


def log_warnings() -> None:
    """Write warnings and errors to stderr."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)

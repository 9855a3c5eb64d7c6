"""E-mail addresses as they are written to."""

from email_validator import validate_email


def normalised(text: str) -> str:
    """The address in `text`, with its domain in lower case and its letters composed (RFC 6532); "" if it is none."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except ValueError:  # Also errors of encoding.
        return ""

"""E-mail addresses as they are written to."""

from email_validator import validate_email

from workspace.i18n.visible import visible


def normalised(text: str) -> str:
    """The address in `text`, with its domain in lower case and its letters composed (RFC 6532); "" if it is none.

    Invisible characters are none of it.
    """
    try:
        return validate_email(visible(text), check_deliverability=False).normalized
    except ValueError:  # Also errors of encoding.
        return ""

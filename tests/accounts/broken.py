"""Forms as no browser sends them: with bytes that are no text."""

from typing import Any

BOUNDARY = "en-graense"


def broken(fields: dict[str, str | bytes]) -> dict[str, Any]:
    """What to post for `fields` whose bytes arrive as they are (multipart/form-data, RFC 7578)."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields.items()
    ]
    return {
        "data": b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
    }

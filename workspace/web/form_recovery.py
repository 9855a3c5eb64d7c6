"""Form recovery: what was typed into a form that could not be accepted is handed back, ready to be sent again.

A POST that meets an ended session, a lock or a refusal must not lose a text. The answer contains its fields, also
through signing in, and one press sends them to the same address.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import HTTPException

from workspace.rich_text import replace_control_chars
from workspace.web import origin

PREFIX = "kept-"
LONGEST_ADDRESS = 4_000
ADDRESS = "kept_for"
# Never handed back: secrets, and tokens of this one rendering of the form.
SECRET_FIELDS = ("csrf_token", "password")
TEXT_FIELDS = ("title", "body", "name", "purpose", "responsibility", "notes", "reason")


@dataclass(frozen=True)
class SubmittedForm:
    """The fields of a form, in order, and the address that it was sent to."""

    address: str
    fields: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> list[str]:
        """What a person typed, to be shown: no keys, numbers or choices."""
        return [value for name, value in self.fields if name in TEXT_FIELDS]


def from_request() -> SubmittedForm | None:
    """The fields of this POST, if the browser says that one of our own pages sent it."""
    if request.method != "POST" or not origin.is_own():
        return None
    try:
        fields = tuple(
            (replace_control_chars(name), replace_control_chars(value))
            for name, value in request.form.items(multi=True)
            if not any(word in name for word in SECRET_FIELDS) and not name.startswith("kept")
        )
    except HTTPException:  # too large to be parsed
        return None
    return SubmittedForm(request.path, fields) if fields else None


def from_sign_in() -> SubmittedForm | None:
    """The other form that the sign-in form carries in hidden fields."""
    address = local_address(request.form.get(ADDRESS, ""))
    if not address:
        return None
    fields = tuple(
        (replace_control_chars(name.removeprefix(PREFIX)), replace_control_chars(value))
        for name, value in request.form.items(multi=True)
        if name.startswith(PREFIX)
    )
    return SubmittedForm(address, fields)


def local_address(address: str) -> str:
    """`address` if it is on this site, else "": no other host, no scheme, no tricks with slashes."""
    if len(address) > LONGEST_ADDRESS:
        return ""
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:  # not an address at all, such as //[
        return ""
    plain = address.isprintable() and not parts.scheme and not parts.netloc
    return address if plain and address.startswith("/") and not address.startswith(("//", "/\\")) else ""

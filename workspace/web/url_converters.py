"""The typed parts of addresses. What does not fit them is not an address of ours: 404."""

from werkzeug.routing import BaseConverter, IntegerConverter, Map


class Slug(BaseConverter):
    """A readable name in an address: lower-case letters, digits and single hyphens."""

    regex = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Token(BaseConverter):
    """What was signed here, and can't be guessed."""

    regex = r"[A-Za-z0-9_.-]{20,200}"


class NumberConverter(IntegerConverter):
    """A whole number that every database can hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=2**31 - 1)

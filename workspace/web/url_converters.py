"""Converters for the variable parts of addresses. An address that does not match is a 404."""

from werkzeug.routing import BaseConverter, IntegerConverter, Map


class Slug(BaseConverter):
    """A readable name in an address: lower-case letters, digits and single hyphens."""

    regex = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Token(BaseConverter):
    """A signed token."""

    regex = r"[A-Za-z0-9_.-]{20,200}"


class Number(IntegerConverter):
    """A whole number from 1 that both databases can hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=2**31 - 1)

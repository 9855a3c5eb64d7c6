"""Converters for the variable parts of addresses. An address that does not match is a 404."""

from werkzeug.routing import BaseConverter, IntegerConverter, Map


class Slug(BaseConverter):
    """A readable name in an address: lower-case letters, digits and single hyphens."""

    regex = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Token(BaseConverter):
    """A signed token."""

    regex = r"[A-Za-z0-9_.-]{20,200}"


class NumberConverter(IntegerConverter):
    """A whole number from 1 that both databases can hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=2**31 - 1)


def static_segments(url_map: Map, prefix: str) -> set[str]:
    """The words that stand right after `prefix` in addresses of ours: no name there may become one of them."""
    after = (rule.rule.removeprefix(prefix) for rule in url_map.iter_rules() if rule.rule.startswith(prefix))
    return {rest.partition("/")[0] for rest in after if rest and not rest.startswith("<")}

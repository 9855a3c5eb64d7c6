"""The same pages of a large installation and of a small one, both served at once: requests a second of each."""

from bench.against_floors import Measured, medians, reading
from bench.connection import Request
from bench.installation import Installation
from bench.pages import PAGES


def growth(
    small: Installation, small_port: int, large: Installation, large_port: int, rounds: int, seconds: int
) -> Measured:
    """The pages, two of them 50 pages deep (in the small one on the second page), and one of a member of 200."""
    tries = {}
    for name, (asked_of_small, asked_of_large) in {
        name: (asked(small, name), asked(large, name))
        for name in (*PAGES, "feed, deep", "overview, deep", "overview of 200")
    }.items():
        tries[name, "small"] = reading(small_port, asked_of_small, seconds)
        tries[name, "large"] = reading(large_port, asked_of_large, seconds)
    return medians(tries, rounds)


def asked(installation: Installation, name: str) -> Request:
    """The request for a page of this name."""
    page, _comma, depth = name.partition(", ")
    if depth:
        return installation.page(installation.deep[page])
    if name == "overview of 200":
        return Request("/", {"Cookie": f"samspil={installation.cookie_of_many}"})
    return installation.page(installation.place.address(name))

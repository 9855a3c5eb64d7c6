"""The demo's sign-ins are public, so it answers this machine only, however it was started."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSAL = "Demoen svarer kun på den maskine, den kører på.\nThe demo answers only the machine that it runs on.\n"


def only(wsgi_app: "WSGIApplication") -> "WSGIApplication":
    """Refuse requests from other machines before `wsgi_app` sees them."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if is_from_here(environ.get("REMOTE_ADDR", "")):
            return wsgi_app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [REFUSAL.encode()]

    return answer


def is_from_here(address: str) -> bool:
    """Whether `address` is a loopback address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback

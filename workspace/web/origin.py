"""Whether one of our own pages sent a request, as its browser says."""

from urllib.parse import urlsplit

from flask import current_app, request
from flask_babel import gettext as _

from workspace.permissions import UserError


class ForeignForm(UserError):
    """Another site's page sent this."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_("A page of another site sent this, so nothing was done. Open the page here, and try again."))


def is_own() -> bool | None:
    """Whether a page of ours sent this; None where the browser says nothing of it.

    Browsers say it by Sec-Fetch-Site (Fetch Metadata, W3C), and those from before 2023 by Origin or Referer.
    """
    if said := request.headers.get("Sec-Fetch-Site"):
        return said == "same-origin"
    if came_from := request.headers.get("Origin") or request.headers.get("Referer"):
        return _origin(came_from) in _own_origins()
    return None


def require_own() -> None:
    """Raise ForeignForm if a page of another site sent this."""
    if is_own() is False:
        raise ForeignForm


def _own_origins() -> set[str]:
    """Where people reach this workspace: its public address, and the one that this browser has used."""
    return {_origin(current_app.settings.base_url), _origin(request.host_url)} - {"none"}  # type: ignore[attr-defined]


def _origin(address: str) -> str:
    """Scheme, host and port; “none” for what is no address, such as the origin “null”, or a host that is odd."""
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return "none"
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual)}" if parts.netloc else "none"

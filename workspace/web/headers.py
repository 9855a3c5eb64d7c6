"""Headers of every response; a response that needs others sets them itself."""

import secrets

from flask import Flask, Response, g

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def style_nonce() -> str:
    """The nonce of the editor's inline styles, on pages with an editor; new for each response."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    return str(g.style_nonce)


def install(app: Flask, *, strict_transport_security: str) -> None:
    """Add the headers to every response of `app`, and Strict-Transport-Security where it is not empty."""

    def add(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if nonce := g.pop("style_nonce", None):
            policy = f"{CONTENT_SECURITY_POLICY}; style-src 'self' 'nonce-{nonce}'"
            response.headers["Content-Security-Policy"] = policy
        if strict_transport_security:
            response.headers["Strict-Transport-Security"] = strict_transport_security
        # Pages are private: no cache stores them, nor does the browser after signing out.
        if response.headers.get("Cache-Control") != "private, no-store":
            response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
        return response

    app.after_request(add)

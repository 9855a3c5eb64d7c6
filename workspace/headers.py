"""The headers that every answer carries."""

from flask import Flask, Response

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
TWO_YEARS = "max-age=63072000; includeSubDomains"


def install(app: Flask, *, secure: bool) -> None:
    """Add the headers to every answer of `app`; `secure` says that it is reached over HTTPS."""

    def add(response: Response) -> Response:
        response.headers.extend(ALWAYS)
        if secure:
            response.headers["Strict-Transport-Security"] = TWO_YEARS
        # Pages are private: nothing between us and the reader keeps them, nor the browser after signing out.
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
        return response

    app.after_request(add)

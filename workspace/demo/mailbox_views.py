"""The mails that the demo would have sent, shown as a mail program does. It exists in the demo only."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Response, abort, current_app, make_response, render_template, request

from workspace.config import Settings
from workspace.demo.blueprint import blueprint
from workspace.mail.transports import files, path_of
from workspace.permissions import public

MOST_SHOWN = 100
VIEWS = ("html", "text", "source")

# A mail contains its style, and loads nothing: no scripts, no pictures, nothing from elsewhere.
FRAME = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
    "X-Frame-Options": "SAMEORIGIN",
}


@dataclass(frozen=True)
class WrittenMail:
    """A mail as it was written to its file."""

    number: int
    source: str
    message: EmailMessage

    @property
    def sender(self) -> str:
        """Whom it comes from."""
        return str(make_header(decode_header(self.source_of("From"))))

    @property
    def recipient(self) -> str:
        """Whom it goes to."""
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        """What it is about."""
        return str(self.message["Subject"])

    @property
    def date(self) -> datetime:
        """When it was sent."""
        sent: datetime = self.message["Date"].datetime
        return sent

    def source_of(self, name: str) -> str:
        """A header in its raw form: Python decodes the encoded words of a name with spaces between them."""
        return next(value for known, value in self.message.raw_items() if known == name)

    def part(self, subtype: str) -> str:
        """Its HTML, or its text."""
        body = self.message.get_body((subtype,))
        return str(body.get_content()) if body else ""


@blueprint.get("")
@public
def index() -> str:
    """The newest mails, all or those to one address."""
    address = request.args.get("to", "")
    mails = (_shown(path) for path in files(_folder()))
    found = [
        mail for mail, _ in zip((mail for mail in mails if address in mail.recipient), range(MOST_SHOWN), strict=False)
    ]
    return render_template("demo/mailbox.html", mails=found, address=address, most=MOST_SHOWN)


@blueprint.get("/<number:number>")
@public
def show_mail(number: int) -> str:
    """One mail: as HTML, as text, or its source."""
    view = request.args.get("view", "html")
    return render_template("demo/mail.html", mail=_found(number), view=view if view in VIEWS else "html")


@blueprint.get("/<number:number>/letter")
@public
def content(number: int) -> Response:
    """The HTML of a mail, for the frame in which it is shown. Its links open in the whole window."""
    html = _found(number).part("html").replace("<head>", '<head><base target="_top">', 1)
    response = make_response(html)
    response.headers.update(FRAME)
    return response


def _found(number: int) -> WrittenMail:
    path = path_of(_folder(), number)
    return _shown(path) if path.exists() else abort(404)


def _shown(path: Path) -> WrittenMail:
    content = path.read_bytes()
    message: EmailMessage = message_from_bytes(content, policy=default)
    return WrittenMail(int(path.stem), content.decode(errors="replace"), message)


def _folder() -> Path:
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    return settings.mail_folder or settings.instance / "mail"

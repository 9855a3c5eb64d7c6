"""The pages that belong to no feature."""

from flask import Blueprint, Response, make_response, render_template

from workspace import retention
from workspace.mail import queries
from workspace.permissions import public

blueprint = Blueprint("pages", __name__)


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """The privacy page: what is stored about people, why, for how long, and whom to ask."""
    return render_template("pages/privacy.html", mail_days=retention.MAIL.days)


@blueprint.get("/healthz/ready")
@public
def ready() -> Response:
    """Health check for monitoring: the database answers, and mail is not overdue."""
    late = queries.overdue_since()
    answer = make_response("Mail is overdue.\n" if late else "Ready.\n", 503 if late else 200)
    answer.mimetype = "text/plain"
    return answer

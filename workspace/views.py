"""The pages that belong to no feature."""

from datetime import timedelta

from flask import Blueprint, render_template

from workspace import retention
from workspace.files.removal import UNSHARED
from workspace.permissions import public

blueprint = Blueprint("pages", __name__)


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """The privacy page: what is stored about people, why, for how long, and whom to ask."""
    return render_template(
        "pages/privacy.html",
        mail_days=retention.MAIL.days,
        unshared_days=UNSHARED.days,
        address_days=retention.ADDRESS_CHANGES.days,
        code_hours=retention.CODES // timedelta(hours=1),
    )

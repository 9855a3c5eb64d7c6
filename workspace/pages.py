"""The pages that belong to no feature."""

from flask import Blueprint, render_template

from workspace.access import public

blueprint = Blueprint("pages", __name__)


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """What is kept about people, why, for how long, and whom to ask."""
    return render_template("pages/privacy.html")

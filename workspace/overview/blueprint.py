"""The blueprint of the overview; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("overview", __name__)

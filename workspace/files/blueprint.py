"""The blueprint of files; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("files", __name__, url_prefix="/partnerships")

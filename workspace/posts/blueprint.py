"""The blueprint of posts and challenges; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("posts", __name__, url_prefix="/partnerships")

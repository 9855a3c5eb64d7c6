"""The blueprint of comments; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("comments", __name__, url_prefix="/partnerships/<slug:slug>/posts/<number:post_number>/comments")

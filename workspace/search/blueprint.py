"""The blueprint of search; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)

"""The blueprint of roles; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("roles", __name__)

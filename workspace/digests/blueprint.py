"""The blueprint of digests and mail settings; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("digests", __name__)

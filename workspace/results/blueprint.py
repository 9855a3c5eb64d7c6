"""The blueprint of results; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("results", __name__)

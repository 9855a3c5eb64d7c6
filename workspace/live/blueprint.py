"""The blueprint of live updates; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("live", __name__)

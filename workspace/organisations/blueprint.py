"""The blueprint of organisations and their people; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("organisations", __name__)

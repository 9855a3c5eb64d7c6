"""The blueprint of partnerships; its views add their routes to it."""

from flask import Blueprint

blueprint = Blueprint("partnerships", __name__)
